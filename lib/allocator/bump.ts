import { invalidValue, OffheapError } from '../errors';
import { creatorOf } from '../layout/creator';
import { type Definition, definitionOf, type Target } from '../layout/definition';
import { reach, type RecordClass } from '../layout/field-type';
import type { Init, StructClass } from '../layout/types';
import { BlockBuffer } from '../memory/buffer-view';
import type { Lifetime } from '../memory/lifetime';
import { checkAlign, checkSize } from '../sizes';
import { type Range, rangeOf } from './checks';
import type { Claims } from './claims';

/** What placing a record asks of a bump allocator. Offsets are those in the ArrayBuffer of the blocks. */
export interface Placing<A> {
  /** The next free offset. */
  readonly used: (allocator: A) => number;
  /** Gives up all from `offset` on; `untouched` says that nobody has written to it. */
  readonly goBack: (allocator: A, offset: number, untouched?: boolean) => void;
  /** Allocates, or answers -1. */
  readonly allocOffset: (allocator: A, size: number, align: number) => number;
  /** Where the last record ends: what is below can be neither freed nor moved as a block. */
  readonly floor: (allocator: A) => number;
  readonly setFloor: (allocator: A, offset: number) => void;
}

/** What bump allocators of every kind can do, so that what follows is written once. */
export interface Bump<A> extends Placing<A> {
  /** The block that has just been allocated; where that cannot be, goes back to `used`. */
  readonly view: (allocator: A, offset: number, size: number, used: number) => Buffer;
  /** Throws for what is not a live block. */
  readonly checkOwned: (allocator: A, block: Range) => void;
  /** What rests on blocks; `null` as long as nothing does. */
  readonly claims: (allocator: A) => Claims | null;
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
  const range = rangeOf(block);
  bump.checkOwned(allocator, range);
  const { buffer, byteOffset: offset, byteLength: length } = range;
  const used = bump.used(allocator);
  const isLast = length > 0 && offset + length === used;
  const resize = (newSize: number): void => {
    if (length > 0) {
      bump.claims(allocator)?.move(offset, offset + length, offset + newSize);
    }
  };
  resize(length); // refuses what is part of a block that something rests on
  if (length > 0 && size <= length) {
    if (isLast) {
      checkNoRecord(bump.floor(allocator), offset + size);
    }
    resize(size);
    if (isLast) {
      bump.goBack(allocator, offset + size);
    }
    return new BlockBuffer(buffer, offset, size);
  }
  const end = bump.allocOffset(allocator, isLast ? size - length : size, isLast ? 1 : align);
  if (end < 0) {
    return null;
  }
  if (isLast) {
    const grown = bump.view(allocator, offset, size, used);
    resize(size);
    return grown;
  }
  const moved = bump.view(allocator, end, size, used);
  moved.set(new Uint8Array(buffer, offset, length));
  resize(0);
  return moved;
}

/** Gives a block back: makes room where it is the last one. */
export function freeIn<A>(allocator: A, bump: Bump<A>, block: NodeJS.ArrayBufferView): void {
  const range = rangeOf(block);
  bump.checkOwned(allocator, range);
  const { byteLength, byteOffset } = range;
  if (byteLength === 0) {
    return;
  }
  const isLast = byteOffset + byteLength === bump.used(allocator);
  if (isLast) {
    checkNoRecord(bump.floor(allocator), byteOffset);
  }
  bump.claims(allocator)?.move(byteOffset, byteOffset + byteLength, byteOffset);
  if (isLast) {
    bump.goBack(allocator, byteOffset);
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
  readonly #placing: Placing<A>;
  readonly #lifetimeOf: (allocator: A) => Lifetime;
  readonly #definition: Definition;
  #used = 0;
  #floor = 0;
  memory!: Lifetime;
  /** Negative before `take`. */
  unit = -1;

  constructor(allocator: A, placing: Placing<A>, lifetimeOf: (allocator: A) => Lifetime, definition: Definition) {
    this.#allocator = allocator;
    this.#placing = placing;
    this.#lifetimeOf = lifetimeOf;
    this.#definition = definition;
  }

  take(): number {
    const allocator = this.#allocator;
    const { align, size } = this.#definition;
    const used = this.#placing.used(allocator);
    const offset = this.#placing.allocOffset(allocator, size, align);
    if (offset >= 0) {
      this.unit = offset / align;
      this.#used = offset >= used && offset - used < align ? used : offset; // it may have gone on to other memory
      this.#floor = this.#placing.floor(allocator);
      if (size > 0) {
        this.#placing.setFloor(allocator, offset + size);
      }
      const memory = this.#lifetimeOf(allocator);
      reach(memory, offset + size);
      this.memory = memory;
    }
    return this.unit;
  }

  /** Gives the room back, unless something has been allocated since, or the allocator has gone back anyhow. */
  undo(): void {
    const { align, size } = this.#definition;
    const end = this.unit * align + size;
    const memory = this.memory as Lifetime | undefined; // none where it could not be reached
    if (this.unit >= 0 && memory?.ended !== true && this.#placing.used(this.#allocator) === end) {
      this.#placing.goBack(this.#allocator, this.#used, memory === undefined);
      this.#placing.setFloor(this.#allocator, this.#floor);
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
  placing: Placing<A>,
  lifetimeOf: (allocator: A) => Lifetime,
  Struct: StructClass<T>,
  init: Init<T>,
): T | null {
  const definition = definitionOf(Struct);
  if (definition.hasText) {
    throw invalidValue('Struct', 'it has a text field, and only typed arenas have room for texts');
  }
  const create = creatorOf(Struct as RecordClass);
  const placement = new Placement(allocator, placing, lifetimeOf, definition);
  try {
    if (!definition.initialize(placement, init)) {
      return null;
    }
  } catch (error) {
    placement.undo();
    throw error;
  }
  // Where a constructor throws, it may have given the reference away: the room stays taken.
  return new create(placement.memory, placement.unit) as T;
}
