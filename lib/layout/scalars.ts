import { endianness } from 'node:os';

import { invalidType, outOfRange } from '../errors';
import type { Lifetime } from '../memory/lifetime';
import { FieldType, reach } from './field-type';

/** The views of a lifetime by the name of what they are made of. */
export type ViewName = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'f32' | 'f64' | 'i64' | 'u64';

type Scalar = number | bigint | boolean;

interface Range<V extends Scalar> {
  readonly min: V;
  readonly max: V;
}

/** A value that is one element of a typed array. Generated code reads and writes it in place. */
export abstract class ScalarType<V extends Scalar = Scalar> extends FieldType<V> {
  /** The typed array whose element it is. Its name is the type's own, but for `bool`. */
  readonly view: ViewName;
  readonly size: number;
  abstract override readonly zero: V;

  constructor(view: ViewName) {
    super();
    this.view = view;
    this.size = Number(view.slice(1)) / 8;
  }

  get align(): number {
    return this.size;
  }

  /** Whether a value is of this type and in range. */
  abstract fits(value: unknown): value is V;
  /** Throws what says why a value does not fit. */
  abstract reject(value: unknown, path: string): never;

  accept(value: unknown, path: string): V {
    return this.fits(value) ? value : this.reject(value, path);
  }

  read(life: Lifetime, offset: number): V {
    reach(life, offset + this.size);
    return life[this.view][offset / this.size] as V;
  }

  write(life: Lifetime, offset: number, value: V): void {
    reach(life, offset + this.size);
    life[this.view][offset / this.size] = value as never;
  }
}

export function isScalar(type: FieldType): type is ScalarType {
  return type instanceof ScalarType;
}

/**
 * A number.
 *
 * @typeParam A The typed array that an `array()` of it is.
 */
export class NumberType<A extends NodeJS.TypedArray = NodeJS.TypedArray> extends ScalarType<number> {
  declare readonly __array?: A;
  /** `null` for floating point, which takes every number. */
  readonly range: Range<number> | null;
  readonly zero = 0;

  constructor(view: ViewName, range: Range<number> | null) {
    super(view);
    this.range = range;
  }

  get name(): string {
    return this.view;
  }

  fits(value: unknown): value is number {
    const { range } = this;
    return (
      typeof value === 'number' &&
      (range === null || (value >= range.min && value <= range.max && Number.isInteger(value)))
    );
  }

  reject(value: unknown, path: string): never {
    if (typeof value !== 'number' || this.range === null) {
      throw invalidType(path, 'of type number', value);
    }
    throw outOfRange(path, `an integer >= ${this.range.min} && <= ${this.range.max}`, value);
  }
}

/**
 * A bigint that a typed array has room for.
 *
 * @typeParam A The typed array that an `array()` of it is.
 */
export class BigIntType<A extends NodeJS.TypedArray = NodeJS.TypedArray> extends ScalarType<bigint> {
  declare readonly __array?: A;
  readonly range: Range<bigint>;
  readonly zero = 0n;

  constructor(view: ViewName, range: Range<bigint>) {
    super(view);
    this.range = range;
  }

  get name(): string {
    return this.view;
  }

  fits(value: unknown): value is bigint {
    return typeof value === 'bigint' && value >= this.range.min && value <= this.range.max;
  }

  reject(value: unknown, path: string): never {
    rejectBigInt(value, path, this.range);
  }

  override json(life: Lifetime, offset: number): string {
    return String(this.read(life, offset));
  }
}

export class BoolType extends ScalarType<boolean> {
  readonly name = 'bool';
  readonly zero = false;

  constructor() {
    super('u8');
  }

  fits(value: unknown): value is boolean {
    return typeof value === 'boolean';
  }

  reject(value: unknown, path: string): never {
    throw invalidType(path, 'of type boolean', value);
  }

  override read(life: Lifetime, offset: number): boolean {
    reach(life, offset + 1);
    return life.u8[offset] !== 0;
  }

  override write(life: Lifetime, offset: number, value: boolean): void {
    reach(life, offset + 1);
    life.u8[offset] = value ? 1 : 0;
  }
}

const [LOW, HIGH] = endianness() === 'LE' ? [0, 1] : [1, 0];

/** 128 bits, which no typed array has: two elements of one that has 64. */
export class WideType extends FieldType<bigint> {
  readonly name: string;
  readonly size = 16;
  readonly align = 16;
  readonly zero = 0n;
  readonly #high: 'i64' | 'u64';
  readonly #range: Range<bigint>;

  constructor(name: string, high: 'i64' | 'u64', range: Range<bigint>) {
    super();
    this.name = name;
    this.#high = high;
    this.#range = range;
  }

  accept(value: unknown, path: string): bigint {
    if (typeof value !== 'bigint' || value < this.#range.min || value > this.#range.max) {
      rejectBigInt(value, path, this.#range);
    }
    return value;
  }

  read(life: Lifetime, offset: number): bigint {
    reach(life, offset + 16);
    return (life[this.#high][offset / 8 + HIGH]! << 64n) | life.u64[offset / 8 + LOW]!;
  }

  write(life: Lifetime, offset: number, value: bigint): void {
    reach(life, offset + 16);
    life[this.#high][offset / 8 + HIGH] = value >> 64n;
    life.u64[offset / 8 + LOW] = value; // takes the low 64 bits
  }

  override json(life: Lifetime, offset: number): string {
    return String(this.read(life, offset));
  }
}

function rejectBigInt(value: unknown, path: string, { min, max }: Range<bigint>): never {
  if (typeof value !== 'bigint') {
    throw invalidType(path, 'of type bigint', value);
  }
  throw outOfRange(path, `a bigint >= ${min} && <= ${max}`, value);
}

const signed = (bits: number): Range<number> => ({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 });
const unsigned = (bits: number): Range<number> => ({ min: 0, max: 2 ** bits - 1 });
const signedBig = (bits: bigint): Range<bigint> => ({ min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n });
const unsignedBig = (bits: bigint): Range<bigint> => ({ min: 0n, max: 2n ** bits - 1n });

/** A signed integer of 8 bits: a number from -128 to 127. */
export const i8 = new NumberType<Int8Array>('i8', signed(8));
/** An unsigned integer of 8 bits: a number from 0 to 255. */
export const u8 = new NumberType<Uint8Array>('u8', unsigned(8));
/** A signed integer of 16 bits: a number from -32,768 to 32,767. */
export const i16 = new NumberType<Int16Array>('i16', signed(16));
/** An unsigned integer of 16 bits: a number from 0 to 65,535. */
export const u16 = new NumberType<Uint16Array>('u16', unsigned(16));
/** A signed integer of 32 bits: a number from -2^31 to 2^31 - 1. */
export const i32 = new NumberType<Int32Array>('i32', signed(32));
/** An unsigned integer of 32 bits: a number from 0 to 2^32 - 1. */
export const u32 = new NumberType<Uint32Array>('u32', unsigned(32));
/** A floating-point number of 32 bits: any number, rounded to the nearest of single precision. */
export const f32 = new NumberType<Float32Array>('f32', null);
/** A floating-point number of 64 bits: any number. */
export const f64 = new NumberType<Float64Array>('f64', null);
/** A signed integer of 64 bits: a bigint. */
export const i64 = new BigIntType<BigInt64Array>('i64', signedBig(64n));
/** An unsigned integer of 64 bits: a bigint. */
export const u64 = new BigIntType<BigUint64Array>('u64', unsignedBig(64n));
/** A signed integer of 128 bits: a bigint. */
export const i128: FieldType<bigint> = new WideType('i128', 'i64', signedBig(128n));
/** An unsigned integer of 128 bits: a bigint. */
export const u128: FieldType<bigint> = new WideType('u128', 'u64', unsignedBig(128n));
/** `true` or `false`, in one byte. */
export const bool: FieldType<boolean> = new BoolType();
