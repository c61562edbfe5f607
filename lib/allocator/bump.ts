import { invalidValue, OffheapError } from '../errors';
import { creatorOf } from '../layout/creator';
import { definitionOf } from '../layout/definition';
import type { RecordClass } from '../layout/field-type';
import type { Init, StructClass } from '../layout/types';
import { BlockBuffer } from '../memory/buffer-view';
import type { Lifetime } from '../memory/lifetime';
import { checkAlign, checkSize } from '../sizes';

/**
 * What bump allocators of every kind can do, so that what follows is written once: a pointer that goes up by allocations and
 * comes back. Offsets are those in the ArrayBuffer of the blocks.
 */
export interface Bump<A> {
  /** The next free offset. */
  readonly used: (allocator: A) => number;
  /** Gives up all from `offset` on. */
  readonly goBack: (allocator: A, offset: number) => void;
  /** Allocates, or answers -1. */
  readonly allocOffset: (allocator: A, size: number, align: number) => number;
  /** The block that has just been allocated; where that cannot be, goes back to `used`. */
  readonly view: (allocator: A, offset: number, size: number, used: number) => Buffer;
  /** Throws for what is not a live block. */
  readonly checkOwned: (allocator: A, block: NodeJS.ArrayBufferView) => void;
  /** Where the last record ends: what is below can be neither freed nor moved as a block. */
  readonly floor: (allocator: A) => number;
  readonly setFloor: (allocator: A, offset: number) => void;
}

/** Makes a block `size` bytes long: in place where it is the last one or becomes shorter, else by moving it. */
export function reallocIn<A>(
  allocator: A,
  bump: Bump<A>,
  block: NodeJS.ArrayBufferView,
  size: number,
  align: number,
): Buffer | null {
  checkSize('size', size);
  checkAlign('align', align);
  bump.checkOwned(allocator, block);
  const { byteOffset: offset, byteLength: length } = block;
  const used = bump.used(allocator);
  const isLast = length > 0 && offset + length === used;
  if (length > 0 && size <= length) {
    if (isLast) {
      checkNoRecord(bump.floor(allocator), offset + size);
      bump.goBack(allocator, offset + size);
    }
    return new BlockBuffer(block.buffer, offset, size);
  }
  const end = bump.allocOffset(allocator, isLast ? size - length : size, isLast ? 1 : align);
  if (end < 0) {
    return null;
  }
  if (isLast) {
    return bump.view(allocator, offset, size, used);
  }
  const moved = bump.view(allocator, end, size, used);
  moved.set(new Uint8Array(block.buffer, offset, length));
  return moved;
}

/** Gives a block back: makes room where it is the last one. */
export function freeIn<A>(allocator: A, bump: Bump<A>, block: NodeJS.ArrayBufferView): void {
  bump.checkOwned(allocator, block);
  if (block.byteLength > 0 && block.byteOffset + block.byteLength === bump.used(allocator)) {
    checkNoRecord(bump.floor(allocator), block.byteOffset);
    bump.goBack(allocator, block.byteOffset);
  }
}

function checkNoRecord(floor: number, offset: number): void {
  if (offset < floor) {
    throw new OffheapError(
      'ERR_OFFHEAP_FOREIGN_BLOCK',
      'Expected a block. Received memory in which there is a record, made by place(); going back gives it up',
    );
  }
}

/**
 * Allocates a record and answers a reference to it; `null` where there is no room.
 *
 * @param lifetimeOf What a reference holds that is made now.
 */
export function placeIn<A, T extends object>(
  allocator: A,
  bump: Bump<A>,
  lifetimeOf: (allocator: A) => Lifetime,
  Struct: StructClass<T>,
  init: Init<T>,
): T | null {
  const { align, hasText, initialize, size } = definitionOf(Struct);
  if (hasText) {
    throw invalidValue('Struct', 'it has a text field, and only typed arenas have room for texts');
  }
  const used = bump.used(allocator);
  const offset = bump.allocOffset(allocator, size, align);
  if (offset < 0) {
    return null;
  }
  let memory: Lifetime | null = null;
  const floor = bump.floor(allocator);
  if (size > 0) {
    bump.setFloor(allocator, offset + size);
  }
  try {
    memory = lifetimeOf(allocator);
    initialize(memory, offset / align, init);
    if (memory.ended) {
      memory.recover(0); // what was read of `init` has given up all that is here
    }
    return new (creatorOf(Struct as RecordClass))(memory, offset / align) as T;
  } catch (error) {
    // Where the allocator has gone back meanwhile, something else may be in the record's place.
    if (memory?.ended !== true && bump.used(allocator) === offset + size) {
      bump.goBack(allocator, used);
      bump.setFloor(allocator, floor);
    }
    throw error;
  }
}
