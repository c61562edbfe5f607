import type { inspect } from 'node:util';

import type { ArrayField } from './array';
import type { FieldArray } from './field-array';
import type { FieldType, HasFields, Internal } from './field-type';
import type { SelfType } from './links';
import type { BigIntType, NumberType } from './scalars';
import type { FieldInput } from './struct-type';

/** What `struct()` takes: the type of each field by its name, in the order in which they lie in memory. */
export type Fields = Readonly<Record<string, FieldInput>>;

/** What every reference to a record has, besides its fields. */
export interface RecordReference<F extends Fields = Fields> extends HasFields<F> {
  /** The record as a plain object that has nothing to do with the arena: a deep copy. */
  toObject(): PlainOf<F>;
  /** What `JSON.stringify` takes: as `toObject()`, with bigints as decimal strings and typed arrays as arrays. */
  toJSON(): Record<string, unknown>;
  /** Name and value of each field, as in `toObject()`. */
  [Symbol.iterator](): IterableIterator<[string, unknown]>;
  [inspect.custom](depth: number, options: object, inspectValue: typeof inspect): string;
}

/** A class of records: what `struct()` answers, or a subclass of that. Arenas make its instances; it cannot be called. */
export type StructClass<T extends object = object> = abstract new (internal: Internal) => T;

/** Whether a field answers something to write into, rather than a value. */
type IsView<T> = T extends { readonly isView: true } ? true : T extends StructClass ? true : false;

/** What reading a field of this type answers. */
type ValueOf<T, F extends Fields> = T extends SelfType
  ? StructOf<F> | null
  : T extends ArrayField<infer E>
    ? ArrayOf<E, F>
    : T extends FieldType<infer Value, infer _Init>
      ? Value
      : T extends StructClass<infer S>
        ? S
        : never;

type ArrayOf<E, F extends Fields> =
  E extends NumberType<infer A> ? A : E extends BigIntType<infer A> ? A : FieldArray<ValueOf<E, F>, InitOf<E, F>>;

/** What can be written to a field of this type. */
type InitOf<T, F extends Fields> = T extends SelfType
  ? StructOf<F> | null
  : T extends ArrayField<infer E>
    ? ArrayLike<InitOf<E, F>> | Iterable<InitOf<E, F>>
    : T extends FieldType<infer _Value, infer I>
      ? I
      : T extends StructClass<infer S>
        ? Init<S>
        : never;

/** What `toObject()` makes of a field of this type. */
type PlainField<T, F extends Fields> = T extends SelfType
  ? number | null
  : T extends ArrayField<infer E>
    ? E extends NumberType<infer A>
      ? A
      : E extends BigIntType<infer A>
        ? A
        : PlainField<E, F>[]
    : T extends FieldType<infer Value, infer _Init>
      ? Value extends object | null
        ? Value extends Uint8Array
          ? Value
          : number | null
        : Value
      : T extends StructClass<infer S>
        ? Plain<S>
        : never;

type PlainOf<F extends Fields> = { -readonly [K in keyof F]: PlainField<F[K], F> };

/** A reference to a record of these fields: scalars can be assigned, views only be written into. */
export type StructOf<F extends Fields> = RecordReference<F> & {
  -readonly [K in keyof F as IsView<F[K]> extends true ? never : K]: ValueOf<F[K], F>;
} & { readonly [K in keyof F as IsView<F[K]> extends true ? K : never]: ValueOf<F[K], F> };

/** What a record of a class can be made from: every field may be left out, and is then zero, empty, false or null. */
export type Init<T> =
  T extends RecordReference<infer F> ? { readonly [K in keyof F]?: InitOf<F[K], F> | undefined } : never;

/** What `toObject()` answers for a record of a class. */
export type Plain<T> = T extends RecordReference<infer F> ? PlainOf<F> : never;

/** The values of a record's fields, for `pushValues`. */
export type FieldValue<T> = T extends RecordReference<infer F> ? { [K in keyof F]: InitOf<F[K], F> }[keyof F] : never;

/** The names of a record's fields. */
export type FieldName<T> = T extends RecordReference<infer F> ? keyof F & string : never;

/** What reading a field of a record answers. */
export type FieldOf<T, K> = T extends RecordReference<infer F> ? (K extends keyof F ? ValueOf<F[K], F> : never) : never;

/** What reading an element of a type answers. */
export type ElementOf<T extends FieldType> = ValueOf<T, Fields>;

/** What can be written to an element of a type. */
export type ElementInit<T extends FieldType> = InitOf<T, Fields>;

/** The typed array that has elements of a type; `null` where there is none. */
export type ElementArray<T> = T extends NumberType<infer A> ? A : T extends BigIntType<infer A> ? A : null;
