import { inspect } from 'node:util';

import type { Allocator } from '../allocator/allocator';
import { checkFunction } from '../arguments';
import { illegalConstructor, invalidType, invalidValue, outOfRange } from '../errors';
import { acceptAll } from '../layout/field-array';
import { type FieldType, reach } from '../layout/field-type';
import type { BigIntType, NumberType } from '../layout/scalars';
import { StructType } from '../layout/struct-type';
import type { Init, StructClass } from '../layout/types';
import { checkSize } from '../sizes';
import { arrayOf, elementType, nameOf, NO_RECORD, type PlainValue } from './element';
import { OwnedBlock } from './owned-block';

/** The first block is for as many elements as there are in so many bytes. */
const FIRST_BYTES = 64;

/**
 * Elements of one type, one after the other in a block that grows, in any allocator: in place where the allocator can, else
 * by moving to another block.
 *
 * Growing where there is no room is answered with `-1` or `false`, and loses nothing. A Vec is stale, and throws
 * `ERR_OFFHEAP_STALE`, once it was freed or the allocator has given up the memory: started over, left a scope (the one in which
 * it has grown last), been disposed of. References to its elements are stale as well when it moves.
 *
 * @typeParam T What reading an element answers: a scalar, or a reference to a record.
 * @typeParam I What can be written.
 * @typeParam A The typed array that `elements` is; `null` where none has such elements.
 */
export class Vec<T, I = T, A extends NodeJS.TypedArray | null = null> implements Iterable<T> {
  readonly #type: FieldType;
  readonly #memory: OwnedBlock;
  #length = 0;
  #capacity = 0;

  /** @internal */
  constructor(type: FieldType, memory: OwnedBlock) {
    if (!(memory instanceof OwnedBlock)) {
      throw illegalConstructor('A Vec is made by Vec.newIn(allocator, type). Received new Vec()');
    }
    this.#type = type;
    this.#memory = memory;
    if (type.size === 0) {
      this.#capacity = Number.MAX_SAFE_INTEGER;
    }
  }

  /**
   * Makes an empty Vec, or answers `null` where the allocator is full.
   *
   * @param type A field type such as `f64`, or a class made by `struct()`, without `text` fields and links.
   * @param capacity For how many elements there is room at first. Default: 0; then nothing is allocated before the first one.
   */
  static newIn<T extends object>(allocator: Allocator, type: StructClass<T>, capacity?: number): Vec<T, Init<T>> | null;
  static newIn<A extends NodeJS.TypedArray>(
    allocator: Allocator,
    type: NumberType<A>,
    capacity?: number,
  ): Vec<number, number, A> | null;
  static newIn<A extends NodeJS.TypedArray>(
    allocator: Allocator,
    type: BigIntType<A>,
    capacity?: number,
  ): Vec<bigint, bigint, A> | null;
  static newIn<T, I>(allocator: Allocator, type: FieldType<T, I>, capacity?: number): Vec<T, I> | null;
  static newIn(allocator: Allocator, type: unknown, capacity = 0): unknown {
    const element = elementType(type);
    if (element.hasLinks) {
      throw invalidValue('type', 'it has links, which would lead astray as soon as the Vec moves');
    }
    checkSize('capacity', capacity);
    const vec = new Vec(element, new OwnedBlock(allocator, 'Vec'));
    return vec.reserve(capacity) ? vec : null;
  }

  // --- Elements ---------------------------------------------------------------------------------------------------

  /**
   * Adds an element and answers its index, or `-1` where there is no room.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit.
   */
  push(value: I): number {
    const accepted = this.#type.accept(value, 'value');
    const index = this.#length;
    if (!this.#room(index + 1)) {
      return -1;
    }
    this.#type.write(this.#memory.lifetime, this.#offset(index), accepted as never);
    this.#length = index + 1;
    return index;
  }

  /**
   * Adds elements and answers the index of the first, or `-1` where there is no room for all of them; then none is added.
   *
   * @throws As `push`; then none is added either.
   */
  extend(values: Iterable<I> | ArrayLike<I>): number {
    const array = arrayOf(this.#type);
    const isSame = array !== null && values instanceof array;
    const accepted = isSame ? values : acceptAll(this.#type, values, 'values', 0, Infinity);
    const index = this.#length;
    if (!this.#room(index + accepted.length)) {
      return -1;
    }
    if (isSame) {
      // The array's own memory may be what grows.
      this.#view(array, index, accepted.length).set(accepted as never);
    } else {
      (accepted as unknown[]).forEach((each, i) => {
        this.#type.write(this.#memory.lifetime, this.#offset(index + i), each as never);
      });
    }
    this.#length = index + accepted.length;
    return index;
  }

  /** Removes the last element and answers it, a record as a plain object; `undefined` where there is none. */
  pop(): PlainValue<T> | undefined {
    this.#memory.check();
    if (this.#length === 0) {
      return undefined;
    }
    const value = this.#type.plain(this.#memory.lifetime, this.#offset(this.#length - 1), NO_RECORD);
    this.#length--;
    return value as PlainValue<T>;
  }

  /**
   * The element at an index, from 0 to `length - 1`: of a struct a reference.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` where there is none.
   */
  at(index: number): T {
    this.#checkIndex(index);
    return this.#type.read(this.#memory.lifetime, this.#offset(index), NO_RECORD) as T;
  }

  /**
   * Writes an element: of a struct all fields, those that the object leaves out being zero.
   *
   * @throws As `at` and `push`.
   */
  set(index: number, value: I): void {
    const accepted = this.#type.accept(value, 'value');
    this.#checkIndex(index);
    this.#type.assign(this.#memory.lifetime, this.#offset(index), accepted as never);
  }

  /** Elements, those included that are added meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.length; i++) {
      yield this.at(i);
    }
  }

  /**
   * The elements as a typed array over the Vec's own memory: writing to it writes to them. It is a raw view, which nothing
   * checks: use it before the Vec grows, is freed or becomes stale. `null` for types that no typed array has.
   */
  get elements(): A {
    this.#memory.check();
    const array = arrayOf(this.#type);
    return (array === null ? null : this.#view(array, 0, this.#length)) as A;
  }

  /**
   * Sorts in place, and keeps the order of equals. Where `compare` throws, or changes the length, nothing has changed.
   *
   * @param compare As for `Array.prototype.sort`. Default, for numbers and bigints: the smallest first. A reference that it is
   * called with is moved from record to record: do not keep it.
   */
  sort(compare?: (a: T, b: T) => number): this {
    this.#memory.check();
    const array = arrayOf(this.#type);
    if (compare !== undefined || array === null) {
      checkFunction(compare, 'compare');
    }
    if (array !== null && compare === undefined) {
      this.#view(array, 0, this.#length).sort();
      return this;
    }
    const { size } = this.#type;
    const { lifetime, offset } = this.#memory;
    const length = this.#length;
    const order = Uint32Array.from({ length }, (_, i) => i).sort(this.#comparing(compare!));
    this.#memory.check();
    if (this.#memory.lifetime !== lifetime || this.#length !== length) {
      throw invalidValue('compare', 'it has changed the length of what is being sorted');
    }
    reach(lifetime, offset + length * size);
    const old = Buffer.from(lifetime.bytes.subarray(offset, offset + length * size));
    order.forEach((from, to) => {
      old.copy(lifetime.bytes, offset + to * size, from * size, (from + 1) * size);
    });
    return this;
  }

  /** Compares elements by their indices. */
  #comparing(compare: (a: T, b: T) => number): (i: number, j: number) => number {
    const type = this.#type;
    if (!(type instanceof StructType && type.movable) || this.#length === 0) {
      return (i, j) => compare(this.at(i), this.at(j));
    }
    const { align, size, definition } = type;
    const [a, b] = [this.at(0), this.at(0)] as object[];
    const first = this.#memory.offset / align;
    return (i, j) => {
      definition.handle.move(a!, first + (i * size) / align);
      definition.handle.move(b!, first + (j * size) / align);
      return compare(a as T, b as T);
    };
  }

  // --- Length -----------------------------------------------------------------------------------------------------

  /** How many elements there are. */
  get length(): number {
    this.#memory.check();
    return this.#length;
  }

  /** For how many there is room in the block. */
  get capacity(): number {
    this.#memory.check();
    return this.#capacity;
  }

  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Makes room for so many elements in all; false where the allocator has none. */
  reserve(capacity: number): boolean {
    checkSize('capacity', capacity);
    return this.#room(capacity);
  }

  /**
   * Removes the elements from an index on, and keeps the room.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` for more than there are.
   */
  truncate(length: number): void {
    this.#memory.check();
    checkSize('length', length);
    if (length > this.#length) {
      throw outOfRange('length', `an integer >= 0 && <= ${this.#length}`, length);
    }
    this.#length = length;
  }

  /** Removes all elements, and keeps the room. */
  clear(): void {
    this.truncate(0);
  }

  /**
   * Gives the block back to the allocator.
   *
   * @throws OffheapError `ERR_OFFHEAP_DOUBLE_FREE` the second time, `ERR_OFFHEAP_STALE` where the memory has been given up
   * before.
   */
  free(): void {
    this.#memory.free();
  }

  /** Frees it, if it is still there. Idempotent. */
  [Symbol.dispose](): void {
    this.#memory.dispose();
  }

  [inspect.custom](): string {
    const { ended } = this.#memory.lifetime;
    const name = `Vec<${nameOf(this.#type)}>`;
    return ended ? `${name} { stale }` : `${name}(${this.#length}) ${inspect([...this])}`;
  }

  // --- Room -------------------------------------------------------------------------------------------------------

  #room(count: number): boolean {
    if (this.#memory.lifetime.ended) {
      this.#memory.check();
    }
    return count <= this.#capacity || this.#grow(count);
  }

  #grow(count: number): boolean {
    const { align, size } = this.#type;
    const ample = Math.max(count, 2 * this.#capacity, Math.floor(FIRST_BYTES / size));
    const done = [ample, count].some(
      (each) => Number.isSafeInteger(each * size) && this.#memory.grow(each * size, align),
    );
    if (done) {
      this.#capacity = Math.floor(this.#memory.length / size);
    }
    return done;
  }

  #offset(index: number): number {
    return this.#memory.offset + index * this.#type.size;
  }

  #view<V extends NodeJS.TypedArray>(
    array: new (buffer: ArrayBuffer, byteOffset: number, length: number) => V,
    index: number,
    length: number,
  ): V {
    const { lifetime } = this.#memory;
    reach(lifetime, this.#offset(index + length));
    return new array(lifetime.buffer, this.#offset(index), length);
  }

  #checkIndex(index: number): void {
    if (index >= 0 && index < this.#length && Number.isInteger(index) && !this.#memory.lifetime.ended) {
      return;
    }
    this.#memory.check();
    if (typeof index !== 'number') {
      throw invalidType('index', 'of type number', index);
    }
    throw outOfRange('index', `an integer >= 0 && < ${this.#length}, the length of the Vec`, index);
  }
}
