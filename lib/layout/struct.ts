import { invalidType, outOfRange } from '../errors';
import { closures } from './closures';
import { canGenerate } from './code';
import { type Backend, Definition, definitionOf } from './definition';
import type { FieldType } from './field-type';
import { generated } from './generated';
import { Reference } from './reference';
import { typeOf } from './struct-type';
import type { FieldName, Fields, StructClass, StructOf } from './types';

/** Where the fields of a struct lie. */
export interface Layout<Name extends string = string> {
  /** Bytes from one record to the next: a multiple of `align`. */
  readonly size: number;
  /** Bytes, a power of two. */
  readonly align: number;
  /** Bytes from the start of a record to each of its fields. */
  readonly offsets: Readonly<Record<Name, number>>;
}

let backend: Backend | undefined;

/**
 * Makes a class of records from the types of their fields. They lie in memory in this order, with the sizes, alignments
 * and padding that C gives them.
 *
 * Extend the class to add methods. Its instances are references: they are made by arenas, read from and write to the
 * arena's memory, and throw `ERR_OFFHEAP_STALE` once the arena has given the record up. Constructors and class fields of
 * a subclass work, and cost 20 to 60 ns for every reference; state that is to last belongs into the struct.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no field type; RangeError `ERR_OUT_OF_RANGE` for a name that is no
 * identifier or that references need themselves.
 *
 * @example
 * ```js
 * import { f32, f64, struct, TypedArena, u32 } from 'offheap';
 *
 * const Vec2 = struct({ x: f32, y: f32 });
 *
 * class Body extends struct({ id: u32, position: Vec2, mass: f64 }) {
 *   get weight() {
 *     return this.mass * 10;
 *   }
 * }
 *
 * const bodies = new TypedArena(Body, 1000);
 * const body = bodies.alloc({ id: 1, position: { x: 3 }, mass: 2 });
 * console.log(body.position.x, body.weight); // → 3 20
 * ```
 */
export function struct<const F extends Fields>(fields: F): StructClass<StructOf<F>> {
  return defineStruct(fields, (backend ??= canGenerate() ? generated : closures));
}

/** @internal */
export function defineStruct<const F extends Fields>(fields: F, by: Backend): StructClass<StructOf<F>> {
  const given: unknown = fields;
  if (typeof given !== 'object' || given === null) {
    throw invalidType('fields', 'of type object', given);
  }
  const types: Record<string, FieldType> = {};
  for (const key of Reflect.ownKeys(given)) {
    checkName(key);
    types[key] = typeOf((given as Record<string, unknown>)[key], `fields.${key}`);
  }
  return new Definition(types, by).Class as unknown as StructClass<StructOf<F>>;
}

function checkName(name: string | symbol): asserts name is string {
  if (typeof name !== 'string' || !/^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u.test(name)) {
    throw outOfRange('fields', 'an object whose keys are identifiers', name);
  }
  if (name in Reference.prototype || name === 'toObject' || name === 'toJSON') {
    throw outOfRange('fields', `an object without a key that references have themselves`, name);
  }
}

/**
 * Size, alignment and field offsets of a class made by `struct()`, as C has them for the same struct on this platform.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for another class.
 */
export function layoutOf<T extends object>(Struct: StructClass<T>): Layout<FieldName<T>> {
  const { size, align, fields } = definitionOf(Struct);
  const offsets = Object.fromEntries(fields.map(({ name, offset }) => [name, offset]));
  return Object.freeze({ size, align, offsets: Object.freeze(offsets) as Layout<FieldName<T>>['offsets'] });
}
