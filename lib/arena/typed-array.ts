import { invalidType } from '../errors';

/** A typed array's constructor: `Float64Array`, `Uint8Array`, … */
export interface TypedArrayConstructor<T extends NodeJS.TypedArray> {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
  readonly BYTES_PER_ELEMENT: number;
}

const ELEMENT_SIZES: readonly unknown[] = [1, 2, 4, 8];

/** Throws unless `value` is a typed array's constructor, of whatever realm. */
export function checkTypedArray(name: string, value: unknown): void {
  if (
    typeof value !== 'function' ||
    !ELEMENT_SIZES.includes((value as Partial<TypedArrayConstructor<never>>).BYTES_PER_ELEMENT)
  ) {
    throw invalidType(name, 'a constructor of typed arrays', value);
  }
}

const TypedArray: unknown = Object.getPrototypeOf(Uint8Array);

/** Whether a typed array's constructor is one of the language's own, and no class that extends it. */
export function isBuiltIn(type: object): boolean {
  return Object.getPrototypeOf(type) === TypedArray;
}
