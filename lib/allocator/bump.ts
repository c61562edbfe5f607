import { invalidValue, OffheapError } from '../errors';
import { creatorOf } from '../layout/creator';
import { type Definition, definitionOf, type Target } from '../layout/definition';
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

/** The room for a record that is being placed. */
class Placement<A> implements Target {
  readonly #allocator: A;
  readonly #bump: Bump<A>;
  readonly #lifetimeOf: (allocator: A) => Lifetime;
  readonly #definition: Definition;
  #used = 0;
  #floor = 0;
  memory!: Lifetime;
  /** Negative before `take`. */
  unit = -1;

  constructor(allocator: A, bump: Bump<A>, lifetimeOf: (allocator: A) => Lifetime, definition: Definition) {
    this.#allocator = allocator;
    this.#bump = bump;
    this.#lifetimeOf = lifetimeOf;
    this.#definition = definition;
  }

  take(): number {
    const allocator = this.#allocator;
    const { align, size } = this.#definition;
    this.#used = this.#bump.used(allocator);
    const offset = this.#bump.allocOffset(allocator, size, align);
    if (offset >= 0) {
      this.unit = offset / align;
      this.#floor = this.#bump.floor(allocator);
      if (size > 0) {
        this.#bump.setFloor(allocator, offset + size);
      }
      this.memory = this.#lifetimeOf(allocator);
    }
    return this.unit;
  }

  /** Gives the room back, unless something has been allocated since, or the allocator has gone back anyhow. */
  undo(): void {
    const { align, size } = this.#definition;
    const end = this.unit * align + size;
    const memory = this.memory as Lifetime | undefined; // where it could not be made, either
    if (this.unit >= 0 && memory?.ended !== true && this.#bump.used(this.#allocator) === end) {
      this.#bump.goBack(this.#allocator, this.#used);
      this.#bump.setFloor(this.#allocator, this.#floor);
    }
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
  const definition = definitionOf(Struct);
  if (definition.hasText) {
    throw invalidValue('Struct', 'it has a text field, and only typed arenas have room for texts');
  }
  const create = creatorOf(Struct as RecordClass);
  const placement = new Placement(allocator, bump, lifetimeOf, definition);
  try {
    return definition.initialize(placement, init) ? (new create(placement.memory, placement.unit) as T) : null;
  } catch (error) {
    placement.undo();
    throw error;
  }
}
