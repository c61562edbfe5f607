import { outOfRange } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import type { Definition } from './definition';
import { acceptAll, addIndices, assignAll, FieldArray, textEndOfAll } from './field-array';
import { placeOfView, FieldType, type Leaf, reach, type RecordClass } from './field-type';
import { BigIntType, NumberType, type ScalarType, type ViewName } from './scalars';
import { checkLength } from './strings';
import { type FieldInput, typeOf } from './struct-type';

type ViewConstructor = new (buffer: ArrayBuffer, byteOffset: number, length: number) => NodeJS.TypedArray;

const TYPED_ARRAYS: Readonly<Record<ViewName, ViewConstructor>> = {
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

  accept(value: unknown, path: string): unknown[] {
    const accepted = acceptAll(this.element, value, path);
    if (accepted.length > this.length) {
      throw outOfRange(`${path}.length`, `<= ${this.length}`, accepted.length);
    }
    return accepted;
  }
}

/** Read as a typed array over the record's own memory. */
class NumericArrayType extends ArrayType<ScalarType> {
  read(life: Lifetime, offset: number): NodeJS.TypedArray {
    const { element, length, size } = this;
    return new TYPED_ARRAYS[element.view](...placeOfView(life, offset, size), length);
  }

  write(life: Lifetime, offset: number, values: readonly (number | bigint)[]): void {
    reach(life, offset + this.size);
    const view = life[this.element.view];
    const start = offset / this.element.size;
    values.forEach((value, i) => {
      view[start + i] = value;
    });
    view.fill(this.element.zero as never, start + values.length, start + this.length);
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
    padded(values, this.length, this.element.zero).forEach((value, i) => {
      this.element.write(life, offset + i * this.element.size, value as never);
    });
  }

  override assign(life: Lifetime, offset: number, values: readonly unknown[]): void {
    assignAll(this.element, life, offset, padded(values, this.length, this.element.zero));
  }

  override textEnd(life: Lifetime, offset: number, values: readonly unknown[], used: number): number {
    return textEndOfAll(this.element, life, offset, padded(values, this.length, this.element.zero), used);
  }

  override leaves(offset: number): Leaf[] {
    const { element } = this;
    return Array.from({ length: this.length }, (_, i) => element.leaves(offset + i * element.size)).flat();
  }

  override plain(life: Lifetime, offset: number, owner: RecordClass): unknown[] {
    const { element, length } = this;
    return Array.from({ length }, (_, i) => element.plain(life, offset + i * element.size, owner));
  }

  override json(life: Lifetime, offset: number, owner: RecordClass): unknown[] {
    return this.read(life, offset, owner).toJSON();
  }
}

/** As many values as there are elements. */
function padded(values: readonly unknown[], length: number, zero: unknown): readonly unknown[] {
  return values.length === length ? values : Array.from({ length }, (_, i) => (i < values.length ? values[i] : zero));
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
