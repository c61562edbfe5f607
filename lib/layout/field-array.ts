import { inspect } from 'node:util';

import { invalidType, outOfRange } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import { checkSize } from '../sizes';
import { type FieldType, reach, type RecordClass } from './field-type';

/** How many elements can be reached by `array[index]`. */
const MAX_INDEXED = 1024;

/** Has an accessor for each of the first indices. */
abstract class Indexed {
  abstract at(index: number): unknown;
  abstract set(values: never[], start?: number): void;
}
let hasIndices = false;

/** Makes arrays indexable, if they are not. */
export function addIndices(): void {
  for (let index = 0; index < MAX_INDEXED && !hasIndices; index++) {
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
  hasIndices = true;
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
    Object.preventExtensions(this); // so that writing behind the last index is not lost in silence
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
    if (start > length) {
      throw outOfRange('start', `an integer >= 0 && <= ${length}`, start);
    }
    const accepted = acceptAll(element, values, name, start, length);
    assignAll(element, life, offset + start * element.size, accepted);
  }

  /** Writes one value to every element. */
  fill(value: Init): this {
    this.set(Array.from({ length: this.length }, () => value));
    return this;
  }

  /** What `at` answers for each index, in order. */
  *[Symbol.iterator](): IterableIterator<Value> {
    for (let i = 0; i < this.length; i++) {
      yield this.at(i) as Value;
    }
  }

  /** The elements as `JSON.stringify` takes them: bigints as decimal strings. */
  toJSON(): unknown[] {
    const { element, life, offset, length, owner } = this.#place;
    return Array.from({ length }, (_, i) => element.json(life, offset + i * element.size, owner));
  }

  [inspect.custom](): unknown {
    try {
      return [...this];
    } catch {
      return 'FieldArray { stale }';
    }
  }
}

/**
 * What `assignAll` takes.
 *
 * @param start The index of the first of them, for messages.
 * @param limit How many elements there are.
 * @throws Where `values` are none, are too many, or one of them does not fit.
 */
export function acceptAll(element: FieldType, values: unknown, path: string, start: number, limit: number): unknown[] {
  if (typeof values !== 'object' || values === null || !(Symbol.iterator in values || 'length' in values)) {
    throw invalidType(path, 'an array or another iterable', values);
  }
  const accepted: unknown[] = [];
  const list = Symbol.iterator in values ? (values as Iterable<unknown>) : Array.from(values as ArrayLike<unknown>);
  for (const value of list) {
    const index = start + accepted.length;
    if (index >= limit) {
      throw outOfRange(`${path}.length`, `<= ${limit - start}`, accepted.length + 1);
    }
    try {
      accepted.push(element.accept(value, path));
    } catch (error) {
      element.accept(value, `${path}[${index}]`); // throws again, and says at which index
      throw error;
    }
  }
  return accepted;
}

/** Writes to one element after the other; where there is no room for a text, to none. */
export function assignAll(element: FieldType, life: Lifetime, offset: number, accepted: readonly unknown[]): void {
  reach(life, offset + accepted.length * element.size);
  if (accepted.length > 1) {
    const end = textEndOfAll(element, life, offset, accepted, life.text?.used ?? 0);
    life.text?.reserve(end);
  }
  accepted.forEach((value, i) => {
    element.assign(life, offset + i * element.size, value as never);
  });
}

export function textEndOfAll(
  element: FieldType,
  life: Lifetime,
  offset: number,
  accepted: readonly unknown[],
  used: number,
): number {
  return accepted.reduce<number>(
    (end, value, i) => element.textEnd?.(life, offset + i * element.size, value as never, end) ?? end,
    used,
  );
}
