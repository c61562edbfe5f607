import { invalidType, OffheapError } from '../errors';
import type { Allocator, BlockOwner } from './allocator';

/** @throws TypeError for what is no allocator. */
export function checkAllocator(name: string, value: unknown): asserts value is Allocator {
  if (!has(value, ['alloc', 'realloc', 'free'])) {
    throw invalidType(name, 'an allocator, with the methods alloc, realloc and free', value);
  }
}

/** @throws TypeError for what is no allocator, or does not know its own blocks. */
export function checkOwner(name: string, value: unknown): asserts value is BlockOwner {
  if (!has(value, ['alloc', 'realloc', 'free', 'owns'])) {
    throw invalidType(
      name,
      'an allocator that knows its blocks, with the methods alloc, realloc, free and owns',
      value,
    );
  }
}

function has(value: unknown, methods: string[]): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function')
  );
}

/** @throws TypeError for what can be no block. */
export function checkView(block: unknown): asserts block is NodeJS.ArrayBufferView {
  if (!ArrayBuffer.isView(block)) {
    throw invalidType('block', 'an instance of Buffer or of another view on an ArrayBuffer', block);
  }
}

/** @param whose As in `this FreeList`. */
export function foreignBlock(whose: string, block: NodeJS.ArrayBufferView): OffheapError {
  const { byteLength, byteOffset } = block;
  return new OffheapError(
    'ERR_OFFHEAP_FOREIGN_BLOCK',
    `Expected a live block of ${whose}. Received ${byteLength} bytes at offset ${byteOffset} that are none`,
  );
}

export function doubleFree(whose: string): OffheapError {
  return new OffheapError('ERR_OFFHEAP_DOUBLE_FREE', `The block has been given back to ${whose} before`);
}

export function disposed(what: string): OffheapError {
  return new OffheapError('ERR_OFFHEAP_DISPOSED', `The ${what} has been disposed of`);
}

/** For an allocator whose own memory was taken from under it. */
export function memoryLost(what: string): OffheapError {
  return new OffheapError(
    'ERR_OFFHEAP_STALE',
    `The ${what} has lost its memory: the allocator that it is from has started over, gone back or been disposed of, or ` +
      'somebody has taken the memory away',
  );
}

/**
 * Allocates from an allocator that may be the user's own.
 *
 * @throws TypeError where it answers something else than a block as asked for.
 */
export function allocFrom(source: Allocator, size: number, align?: number): Buffer | null {
  const block: unknown = source.alloc(size, align);
  if (block === null) {
    return null;
  }
  return checkAnswer('alloc', block, size, align);
}

/** The same for `realloc`. */
export function reallocFrom(source: Allocator, block: Buffer, size: number, align?: number): Buffer | null {
  const answer: unknown = source.realloc(block, size, align);
  return answer === null ? null : checkAnswer('realloc', answer, size);
}

function checkAnswer(method: string, block: unknown, size: number, align = 1): Buffer {
  if (!Buffer.isBuffer(block) || block.length < size || block.byteOffset % align !== 0) {
    const received = Buffer.isBuffer(block)
      ? `one of ${block.length} bytes at offset ${block.byteOffset}`
      : `what is none`;
    throw new TypeError(
      `${method}() of an allocator must answer null or a Buffer of at least ${size} bytes, aligned to ${align}. ` +
        `Received ${received}`,
    );
  }
  return block;
}

/**
 * Moves a block from one allocator to another, and leaves it where it is when that one has no room.
 *
 * @throws What `from.free` throws; then nothing has changed.
 */
export function moveBlock(
  block: Buffer,
  size: number,
  align: number | undefined,
  from: Allocator,
  to: Allocator,
): Buffer | null {
  const moved = to.alloc(size, align);
  if (moved !== null) {
    try {
      moved.set(block.length > size ? block.subarray(0, size) : block);
      from.free(block);
    } catch (error) {
      to.free(moved);
      throw error;
    }
  }
  return moved;
}
