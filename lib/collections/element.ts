import { invalidValue } from '../errors';
import { TYPED_ARRAYS, type ViewConstructor } from '../layout/array';
import { creatorOf } from '../layout/creator';
import type { FieldType, RecordClass } from '../layout/field-type';
import { BigIntType, NumberType } from '../layout/scalars';
import { StructType, typeOf } from '../layout/struct-type';
import type { Plain, RecordReference } from '../layout/types';

/** What there is no record of around an element. Only a link to `self` would ask for it. */
export const NO_RECORD = undefined as unknown as RecordClass;

/** An element as a value that has nothing to do with the memory: what `pop` answers. */
export type PlainValue<T> = T extends RecordReference ? Plain<T> : T;

/**
 * The type of what is kept outside of an arena of records.
 *
 * @throws TypeError for what is no type, and for one that needs such an arena.
 */
export function elementType(type: unknown): FieldType {
  const element = typeOf(type, 'type');
  if (element.hasText) {
    throw invalidValue('type', 'it has a text field, and only typed arenas have room for texts');
  }
  if (element.hasLinks) {
    throw invalidValue('type', 'it has links, and what they lead to may end before it, or move');
  }
  if (element instanceof StructType) {
    creatorOf(element.Class); // refuses what cannot be a class of records
  }
  return element;
}

/** The constructor of typed arrays with such elements; `null` where there is none. */
export function arrayOf(type: FieldType): ViewConstructor | null {
  return type instanceof NumberType || type instanceof BigIntType ? TYPED_ARRAYS[type.view] : null;
}

/** For `util.inspect`: a struct by its class. */
export function nameOf(type: FieldType): string {
  return type instanceof StructType ? (type.Class as { name: string }).name : type.name;
}
