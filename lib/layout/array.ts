import { types } from 'node:util';

import { outOfRange } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import type { Definition } from './definition';
import { acceptAll, addIndices, assignAll, FieldArray, textEndOfAll } from './field-array';
import { checkLength, give, giveNothing, FieldType, type Leaf, reach, type RecordClass } from './field-type';
import { atMost, kindOf, own } from './intrinsic';
import { BigIntType, NumberType, type ScalarType, type ViewName } from './scalars';
import { type FieldInput, typeOf } from './struct-type';

export type ViewConstructor = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => NodeJS.TypedArray;
type Accepted = (number | bigint)[] | NodeJS.TypedArray;

/** Their constructors, by the names of the views. */
export const TYPED_ARRAYS: Readonly<Record<ViewName, ViewConstructor>> = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
};

abstract class ArrayType<E extends FieldType> extends FieldType {
  readonly element: E;
  readonly length: number;
  readonly zero: readonly unknown[] = [];
  override readonly isView = true;

  constructor(element: E, length: number) {
    super();
    this.element = element;
    this.length = length;
  }

  get name(): string {
    return `array(${this.element.name}, ${this.length})`;
  }

  get size(): number {
    return this.element.size * this.length;
  }

  get align(): number {
    return this.element.align;
  }

  accept(value: unknown, path: string): unknown {
    return acceptAll(this.element, value, path, 0, this.length);
  }
}

/** Read as a typed array over the record's own memory. */
class NumericArrayType extends ArrayType<ScalarType> {
  read(life: Lifetime, offset: number): NodeJS.TypedArray {
    const { element, length, size } = this;
    const View = TYPED_ARRAYS[element.view];
    return size === 0 ? new View(giveNothing(life), 0, 0) : new View(give(life, offset + size), offset, length);
  }

  /** A typed array of the same kind is taken as it is: its values fit. */
  override accept(value: unknown, path: string): Accepted {
    if (types.isTypedArray(value) && kindOf(value) === TYPED_ARRAYS[this.element.view].name) {
      if (own(value, 'length') > this.length) {
        throw outOfRange(`${path}.length`, `<= ${this.length}`, own(value, 'length'));
      }
      return value;
    }
    return super.accept(value, path) as (number | bigint)[];
  }

  write(life: Lifetime, offset: number, values: Accepted): void {
    reach(life, offset + this.size);
    const view = life[this.element.view];
    const start = offset / this.element.size;
    // A typed array may have become longer or shorter since it was accepted.
    const length = Array.isArray(values) ? values.length : Math.min(own(values, 'length'), this.length);
    if (Array.isArray(values)) {
      values.forEach((value, i) => {
        view[start + i] = value;
      });
    } else if (length > 0) {
      view.set(atMost(TYPED_ARRAYS[this.element.view], values, length) as never, start);
    }
    view.fill(this.element.zero as never, start + length, start + this.length);
  }

  override plain(life: Lifetime, offset: number): NodeJS.TypedArray {
    reach(life, offset + this.size);
    return new TYPED_ARRAYS[this.element.view](life.buffer, offset, this.length).slice();
  }

  override json(life: Lifetime, offset: number, owner: RecordClass): unknown[] {
    const { element, length } = this;
    return Array.from({ length }, (_, i) => element.json(life, offset + i * element.size, owner));
  }
}

class RecordArrayType extends ArrayType<FieldType> {
  override readonly hasText: boolean;
  override readonly hasLinks: boolean;

  constructor(element: FieldType, length: number) {
    super(element, length);
    this.hasText = element.hasText;
    this.hasLinks = element.hasLinks;
    addIndices();
  }

  override bind(definition: Definition): RecordArrayType {
    const element = this.element.bind?.(definition);
    return element === undefined ? this : new RecordArrayType(element, this.length);
  }

  read(life: Lifetime, offset: number, owner: RecordClass): FieldArray {
    reach(life, offset + this.size);
    const { element, length, name } = this;
    return new FieldArray({ element, life, offset, length, owner, name });
  }

  write(life: Lifetime, offset: number, values: readonly unknown[]): void {
    reach(life, offset + this.size);
    const { element, size } = this;
    values.forEach((value, i) => {
      element.write(life, offset + i * element.size, value as never);
    });
    this.#clear(life, offset + values.length * element.size, offset + size);
  }

  override assign(life: Lifetime, offset: number, values: readonly unknown[]): void {
    assignAll(this.element, life, offset, values);
    this.#clear(life, offset + values.length * this.element.size, offset + this.size);
  }

  /** The zero of every type is all zero. */
  #clear(life: Lifetime, from: number, to: number): void {
    reach(life, to);
    if (from < to) {
      life.bytes.fill(0, from, to);
    }
  }

  override textEnd(life: Lifetime, offset: number, values: readonly unknown[], used: number): number {
    return textEndOfAll(this.element, life, offset, values, used);
  }

  override vary(life: Lifetime, offset: number): void {
    if (this.length > 0) {
      this.element.vary(life, offset);
    }
  }

  override leaves(offset: number): Leaf[] {
    const { element, length } = this;
    return element.leaves(0).length === 0
      ? []
      : Array.from({ length }, (_, i) => element.leaves(offset + i * element.size)).flat();
  }

  override plain(life: Lifetime, offset: number, owner: RecordClass): unknown[] {
    const { element, length } = this;
    return Array.from({ length }, (_, i) => element.plain(life, offset + i * element.size, owner));
  }

  override json(life: Lifetime, offset: number, owner: RecordClass): unknown[] {
    return this.read(life, offset, owner).toJSON();
  }
}

/** The type of an array field; what it reads as depends on the type of its elements. */
export interface ArrayField<E extends FieldInput> extends FieldType {
  readonly isView: true;
  /** Only the type has it. */
  readonly __element: E;
}

/**
 * `length` values of one type, kept in the record.
 *
 * Numbers and 64-bit bigints are read as a typed array over the record's own memory: writing to it writes to the record,
 * and it is not checked as references are, so copy it to keep it. Everything else is read as a {@link FieldArray}.
 * Assigning copies, and fills what is left with zeroes.
 */
export function array<E extends FieldInput>(type: E, length: number): ArrayField<E> {
  checkLength('length', length);
  const element = typeOf(type, 'type');
  checkLength('length * size', length * element.size);
  const made =
    element instanceof NumberType || element instanceof BigIntType
      ? new NumericArrayType(element, length)
      : new RecordArrayType(element, length);
  return made as FieldType as ArrayField<E>;
}
