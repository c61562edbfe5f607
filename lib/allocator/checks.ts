import { types } from 'node:util';

import { invalidReturn, invalidType, OffheapError } from '../errors';
import { own } from '../layout/intrinsic';
import { type Lifetime, lifetimeOf } from '../memory/lifetime';
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
export function checkView(block: unknown): asserts block is NodeJS.TypedArray | DataView {
  if (!ArrayBuffer.isView(block)) {
    throw invalidType('block', 'an instance of Buffer or of another view on an ArrayBuffer', block);
  }
}

/** The memory that a view is on. */
export type Range = Pick<NodeJS.ArrayBufferView, 'buffer' | 'byteOffset' | 'byteLength'>;

/**
 * What a view is on, read once and from where it cannot lie.
 *
 * @throws TypeError for what is no view.
 */
export function rangeOf(block: unknown): Range {
  checkView(block);
  return types.isDataView(block)
    ? { buffer: block.buffer, byteOffset: block.byteOffset, byteLength: block.byteLength }
    : { buffer: own(block, 'buffer'), byteOffset: own(block, 'byteOffset'), byteLength: own(block, 'byteLength') };
}

/** @param whose As in `this FreeList`. */
export function foreignBlock(whose: string, block: Range): OffheapError {
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

/** A block that an allocator has handed out to another one, or to a Box or a Vec. */
export interface Taken {
  readonly block: Buffer;
  readonly lifetime: Lifetime;
}

/**
 * Allocates from an allocator that may be the user's own.
 *
 * @throws TypeError `ERR_INVALID_RETURN_VALUE` where it answers something else than a block as asked for, or a lifetime; then
 * it has the block back.
 */
export function takeFrom(source: Allocator, size: number, align?: number): Taken | null {
  const block = source.alloc(size, align);
  if (block === null) {
    return null;
  }
  try {
    return { block: checkAnswer('alloc()', block, size, align), lifetime: lifetimeOf(source, block) };
  } catch (error) {
    try {
      source.free(block);
    } catch {
      // What is wrong with the answer says more.
    }
    throw error;
  }
}

/** The same for `realloc`. Where it throws, the old block is gone. */
export function retakeFrom(source: Allocator, old: Buffer, size: number, align: number): Taken | null {
  const block = source.realloc(old, size, align);
  return block === null
    ? null
    : { block: checkAnswer('realloc()', block, size, align), lifetime: lifetimeOf(source, block) };
}

function checkAnswer(method: string, block: unknown, size: number, align = 1): Buffer {
  if (!Buffer.isBuffer(block) || !isHonest(block) || block.length < size || block.byteOffset % align !== 0) {
    throw invalidReturn(method, `null, or a Buffer of at least ${size} bytes at a multiple of ${align}`, block);
  }
  return block;
}

/** Whether it says of itself what it is. */
function isHonest(block: Buffer): boolean {
  return block.length === own(block, 'length') && block.byteOffset === own(block, 'byteOffset');
}

/**
 * Moves a block from one allocator to another, and leaves it where it is when that one has no room.
 *
 * @throws What `from.free` throws; then nothing has changed.
 */
export function moveBlock(
  block: NodeJS.ArrayBufferView,
  size: number,
  align: number | undefined,
  from: Allocator,
  to: Allocator,
): Buffer | null {
  const moved = to.alloc(size, align);
  if (moved !== null) {
    try {
      copyInto(moved, block, size);
      from.free(block as Buffer);
    } catch (error) {
      to.free(moved);
      throw error;
    }
  }
  return moved;
}

/** Copies the bytes of a view, whatever its elements are, and no more than `size` of them. */
export function copyInto(
  target: Buffer,
  { buffer, byteLength, byteOffset }: NodeJS.ArrayBufferView,
  size: number,
): void {
  target.set(new Uint8Array(buffer, byteOffset, Math.min(byteLength, size)));
}
