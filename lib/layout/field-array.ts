import { inspect } from 'node:util';

import { invalidType, outOfRange } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import { checkSize } from '../sizes';
import { type FieldType, keepUnlessDone, type RecordClass } from './field-type';

/** The longest array whose elements can be reached by `array[index]`. */
const MAX_INDEXED = 1024;

/** Has an accessor for every index that some array needs. At all other indices an array reads `undefined`. */
abstract class Indexed {
  abstract at(index: number): unknown;
  abstract set(values: never[], start?: number): void;
}
let indexed = 0;

/** Makes sure that arrays of this length can be indexed. */
export function addIndices(length: number): void {
  for (; indexed < Math.min(length, MAX_INDEXED); indexed++) {
    const index = indexed;
    Object.defineProperty(Indexed.prototype, index, {
      configurable: true,
      get(this: Indexed) {
        return this.at(index);
      },
      set(this: Indexed, value: unknown) {
        this.set([value as never], index);
      },
    });
  }
}

/** What an array field is made of. */
export interface ArrayPlace {
  readonly element: FieldType;
  readonly life: Lifetime;
  /** Bytes from the start of the memory. */
  readonly offset: number;
  readonly length: number;
  readonly owner: RecordClass;
  /** Of the field, for messages. */
  readonly name: string;
}

/**
 * An array field of a record whose elements no typed array can hold: strings, structs, links, booleans. It reads from and
 * writes to the record, has the methods of a typed array that matter here, and throws where the record is stale.
 *
 * `array[index]` works for the first 1,024 elements and costs about 70 ns; `at(index)` costs what a field does.
 */
export class FieldArray<Value = unknown, Init = Value> extends Indexed implements Iterable<Value> {
  [index: number]: Value;
  readonly #place: ArrayPlace;

  /** @internal */
  constructor(place: ArrayPlace) {
    super();
    this.#place = place;
  }

  /** How many elements there are, as in the definition. */
  get length(): number {
    return this.#place.length;
  }

  /** The element at an index, counted from the end where it is negative; `undefined` where there is none. */
  at(index: number): Value | undefined {
    const { element, life, offset, length, owner } = this.#place;
    const from = index < 0 ? index + length : index;
    return Number.isInteger(from) && from >= 0 && from < length
      ? (element.read(life, offset + from * element.size, owner) as Value)
      : undefined;
  }

  /**
   * Writes values from the index `start` on. Where one does not fit, nothing has changed.
   *
   * @throws RangeError `ERR_OUT_OF_RANGE` for more values than there are elements left.
   */
  set(values: ArrayLike<Init> | Iterable<Init>, start = 0): void {
    const { element, life, offset, length, name } = this.#place;
    checkSize('start', start);
    const accepted = acceptAll(element, values, name);
    if (start + accepted.length > length) {
      throw outOfRange('start + values.length', `<= ${length}`, start + accepted.length);
    }
    const first = offset + start * element.size;
    if (accepted.length === 1) {
      element.assign(life, first, accepted[0] as never); // a text may find room in place
      return;
    }
    keepUnlessDone(element, life, first, accepted.length * element.size, () => {
      accepted.forEach((value, i) => {
        element.write(life, first + i * element.size, value as never);
      });
    });
  }

  /** Writes one value to every element. */
  fill(value: Init): this {
    this.set(Array.from({ length: this.length }, () => value));
    return this;
  }

  *[Symbol.iterator](): IterableIterator<Value> {
    for (let i = 0; i < this.length; i++) {
      yield this.at(i) as Value;
    }
  }

  toJSON(): unknown[] {
    const { element, life, offset, length, owner } = this.#place;
    return Array.from({ length }, (_, i) => element.plain(life, offset + i * element.size, owner));
  }

  [inspect.custom](): unknown[] {
    return [...this];
  }
}

/** @throws Where `values` are none, or one of them does not fit. */
export function acceptAll(element: FieldType, values: unknown, path: string): unknown[] {
  if (typeof values !== 'object' || values === null || !(Symbol.iterator in values || 'length' in values)) {
    throw invalidType(path, 'an array or another iterable', values);
  }
  const list = Array.isArray(values) ? (values as readonly unknown[]) : Array.from(values as ArrayLike<unknown>);
  const accepted: unknown[] = [];
  try {
    for (const value of list) {
      accepted.push(element.accept(value, path));
    }
  } catch (error) {
    const i = accepted.length;
    element.accept(list[i], `${path}[${i}]`); // throws again, and says at which index
    throw error;
  }
  return accepted;
}
