import { inspect, type InspectOptions, types } from 'node:util';

import type { Allocator } from '../allocator/allocator';
import { checkFunction, markAsUncloneable } from '../arguments';
import { illegalConstructor, invalidType, invalidValue, outOfRange } from '../errors';
import type { ViewConstructor } from '../layout/array';
import { acceptAll } from '../layout/field-array';
import { type FieldType, reach } from '../layout/field-type';
import { atMost, kindOf, own } from '../layout/intrinsic';
import { StructType } from '../layout/struct-type';
import type { ElementArray, ElementInit, ElementOf, Init, StructClass } from '../layout/types';
import { checkSize } from '../sizes';
import { arrayOf, elementType, nameOf, NO_RECORD, type PlainValue } from './element';
import { Elements } from './elements';

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
 *
 * @example
 * ```js
 * import { f64, heap, Vec } from 'offheap';
 *
 * const prices = Vec.newIn(heap, f64);
 * prices.extend([12.5, 11, 13]);
 * prices.sort();
 * console.log(prices.length, prices.at(0)); // → 3 11
 * prices.free();
 * ```
 */
export class Vec<T, I = T, A extends NodeJS.TypedArray | null = NodeJS.TypedArray | null> implements Iterable<T> {
  readonly #type: FieldType;
  readonly #elements: Elements;

  /** @internal */
  constructor(elements: Elements) {
    if (!(elements instanceof Elements)) {
      throw illegalConstructor('A Vec is made by Vec.newIn(allocator, type). Received new Vec()');
    }
    this.#type = elements.type;
    this.#elements = elements;
    markAsUncloneable?.(this);
  }

  /**
   * Makes an empty Vec, or answers `null` where the allocator is full.
   *
   * @param type A field type such as `f64`, or a class made by `struct()`, without `text` fields and links.
   * @param capacity For how many elements there is room at first. Default: 0; then nothing is allocated before the first one.
   */
  static newIn<T extends object>(
    allocator: Allocator,
    type: StructClass<T>,
    capacity?: number,
  ): Vec<T, Init<T>, null> | null;
  static newIn<E extends FieldType>(
    allocator: Allocator,
    type: E,
    capacity?: number,
  ): Vec<ElementOf<E>, ElementInit<E>, ElementArray<E>> | null;
  static newIn(allocator: Allocator, type: unknown, capacity = 0): unknown {
    const element = elementType(type);
    checkSize('capacity', capacity);
    const vec = new Vec(new Elements(allocator, element));
    return vec.reserve(capacity) ? vec : null;
  }

  // --- Elements ---------------------------------------------------------------------------------------------------

  /**
   * Adds an element and answers its index, or `-1` where there is no room.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a value that does not fit.
   */
  push(value: I): number {
    const type = this.#type;
    const elements = this.#elements;
    if (type instanceof StructType) {
      return type.definition.initialize(elements, value) ? elements.count++ : -1;
    }
    const accepted = type.accept(value, 'value');
    if (elements.take() < 0) {
      return -1;
    }
    type.write(elements.memory, elements.offsetOf(elements.count), accepted as never);
    return elements.count++;
  }

  /**
   * Adds elements and answers the index of the first, or `-1` where there is no room for all of them; then none is added.
   *
   * @throws As `push`; then none is added either.
   */
  extend(values: Iterable<I> | ArrayLike<I>): number {
    const array = arrayOf(this.#type);
    return array !== null && types.isTypedArray(values) && kindOf(values) === array.name
      ? this.#extendBy(array, values)
      : this.#extendByAll(acceptAll(this.#type, values, 'values', 0, Infinity));
  }

  #extendByAll(accepted: readonly unknown[]): number {
    const elements = this.#elements;
    const index = elements.count;
    if (!elements.room(index + accepted.length)) {
      return -1;
    }
    accepted.forEach((each, i) => {
      this.#type.write(elements.memory, elements.offsetOf(index + i), each as never);
    });
    elements.count += accepted.length;
    return index;
  }

  /** By a typed array of the same kind, whose values fit. It may be on the Vec's own memory. */
  #extendBy(array: ViewConstructor, values: NodeJS.TypedArray): number {
    const elements = this.#elements;
    const index = elements.count;
    const wanted = own(values, 'length');
    if (!elements.room(index + wanted)) {
      return -1;
    }
    // What the allocator calls may have made it longer or shorter.
    const length = Math.min(wanted, own(values, 'length'));
    if (length > 0) {
      elements.view(array, index, length).set(atMost(array, values, length) as never);
    }
    elements.count += length;
    return index;
  }

  /** Removes the last element and answers it, a record as a plain object; `undefined` where there is none. */
  pop(): PlainValue<T> | undefined {
    this.#elements.check();
    if (this.#elements.count === 0) {
      return undefined;
    }
    const value = this.#type.plain(this.#elements.memory, this.#elements.offsetOf(this.#elements.count - 1), NO_RECORD);
    this.#elements.count--;
    return value as PlainValue<T>;
  }

  /**
   * The element at an index, from 0 to `length - 1`: of a struct a reference.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` where there is none.
   */
  at(index: number): T {
    this.#checkIndex(index);
    return this.#type.read(this.#elements.memory, this.#elements.offsetOf(index), NO_RECORD) as T;
  }

  /**
   * Writes an element: of a struct all fields, those that the object leaves out being zero.
   *
   * @throws As `at` and `push`.
   */
  set(index: number, value: I): void {
    const accepted = this.#type.accept(value, 'value');
    this.#checkIndex(index);
    this.#type.assign(this.#elements.memory, this.#elements.offsetOf(index), accepted as never);
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
    this.#elements.check();
    const array = arrayOf(this.#type);
    return (array === null ? null : this.#elements.view(array, 0, this.#elements.count)) as A;
  }

  /**
   * Sorts in place, and keeps the order of equals. Where `compare` throws, or changes the length, nothing has changed.
   *
   * @param compare As for `Array.prototype.sort`. Default, for numbers and bigints: the smallest first. A reference that it is
   * called with is moved from record to record: do not keep it.
   */
  sort(compare?: (a: T, b: T) => number): this {
    this.#elements.check();
    const array = arrayOf(this.#type);
    if (compare !== undefined || array === null) {
      checkFunction(compare, 'compare');
    }
    if (array !== null && compare === undefined) {
      this.#elements.view(array, 0, this.#elements.count).sort();
      return this;
    }
    const { size } = this.#type;
    const { memory, offset } = this.#elements;
    const length = this.#elements.count;
    const order = Uint32Array.from({ length }, (_, i) => i).sort(this.#comparing(compare!));
    this.#elements.check();
    if (this.#elements.memory !== memory || this.#elements.count !== length) {
      throw invalidValue('compare', 'it has changed the length of what is being sorted');
    }
    reach(memory, offset + length * size);
    const old = Buffer.from(memory.bytes.subarray(offset, offset + length * size));
    order.forEach((from, to) => {
      old.copy(memory.bytes, offset + to * size, from * size, (from + 1) * size);
    });
    return this;
  }

  /** Compares elements by their indices. */
  #comparing(compare: (a: T, b: T) => number): (i: number, j: number) => number {
    const type = this.#type;
    if (!(type instanceof StructType && type.movable) || this.#elements.count === 0) {
      return (i, j) => compare(this.at(i), this.at(j));
    }
    const { align, size, definition } = type;
    const [a, b] = [this.at(0), this.at(0)] as object[];
    const first = this.#elements.offset / align;
    return (i, j) => {
      definition.handle.move(a!, first + (i * size) / align);
      definition.handle.move(b!, first + (j * size) / align);
      return compare(a as T, b as T);
    };
  }

  // --- Length -----------------------------------------------------------------------------------------------------

  /** How many elements there are. */
  get length(): number {
    this.#elements.check();
    return this.#elements.count;
  }

  /** For how many there is room in the block. */
  get capacity(): number {
    this.#elements.check();
    return this.#elements.capacity;
  }

  /** Whether it has no element. */
  get isEmpty(): boolean {
    return this.length === 0;
  }

  /** Makes room for so many elements in all; false where the allocator has none. */
  reserve(capacity: number): boolean {
    checkSize('capacity', capacity);
    return this.#elements.room(capacity);
  }

  /**
   * Removes the elements from an index on, and keeps the room.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` for more than there are.
   */
  truncate(length: number): void {
    this.#elements.check();
    checkSize('length', length);
    if (length > this.#elements.count) {
      throw outOfRange('length', `an integer >= 0 && <= ${this.#elements.count}`, length);
    }
    this.#elements.count = length;
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
    this.#elements.free();
  }

  /** Frees it, if it is still there. Idempotent. */
  [Symbol.dispose](): void {
    this.#elements.dispose();
  }

  [inspect.custom](_depth: number, options: InspectOptions, inspectValue: typeof inspect): string {
    const name = `Vec<${nameOf(this.#type)}>`;
    const { count } = this.#elements;
    const shown = Math.min(count, options.maxArrayLength ?? 100);
    try {
      this.#elements.check();
      const text = inspectValue(
        Array.from({ length: shown }, (_, i) => this.at(i)),
        options,
      );
      return `${name}(${count}) ${shown === count ? text : `${text.slice(0, -1)}… ${count - shown} more ]`}`;
    } catch {
      return `${name} { stale }`;
    }
  }

  // --- Checks -----------------------------------------------------------------------------------------------------

  #checkIndex(index: number): void {
    if (index >= 0 && index < this.#elements.count && Number.isInteger(index) && !this.#elements.memory.ended) {
      return;
    }
    this.#elements.check();
    if (typeof index !== 'number') {
      throw invalidType('index', 'of type number', index);
    }
    throw outOfRange('index', `an integer >= 0 && < ${this.#elements.count}, the length of the Vec`, index);
  }
}
