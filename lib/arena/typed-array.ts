import { invalidType, invalidValue } from '../errors';
import { own } from '../layout/intrinsic';

/** A typed array's constructor: `Float64Array`, `Uint8Array`, … */
export interface TypedArrayConstructor<T extends NodeJS.TypedArray> {
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
  /** How long one element is. */
  readonly BYTES_PER_ELEMENT: number;
}

const ELEMENT_SIZES: readonly unknown[] = [1, 2, 4, 8];

/**
 * How many bytes an element takes, by what the class says of itself; see `checkView`.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` unless `type` is a typed array's constructor, of whatever realm.
 */
export function elementSizeOf(name: string, type: unknown): number {
  const size =
    typeof type === 'function' ? (type as Partial<TypedArrayConstructor<never>>).BYTES_PER_ELEMENT : undefined;
  if (!ELEMENT_SIZES.includes(size)) {
    throw invalidType(name, 'a constructor of typed arrays', type);
  }
  return size!;
}

/** An array of a class of the caller's, which must not reach beyond the `size` bytes that were allocated for it. */
export function checkView<T extends NodeJS.TypedArray>(view: T, size: number): T {
  const length = byteLengthOf(view);
  if (length <= size) {
    return view;
  }
  const reason = Number.isFinite(length)
    ? `${size} bytes were allocated, and its array is of ${length}: BYTES_PER_ELEMENT is wrong`
    : 'it makes what is no typed array';
  throw invalidValue('type', reason);
}

/** Infinity for what is no typed array. */
function byteLengthOf(view: NodeJS.TypedArray): number {
  try {
    return own(view, 'byteLength');
  } catch {
    return Infinity;
  }
}

const BUILT_IN: ReadonlySet<unknown> = new Set([
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]);

/** Whether a typed array's constructor is known to give nothing away before it throws. */
export function isBuiltIn(type: unknown): boolean {
  return BUILT_IN.has(type);
}
