/** Called so, a getter is inlined; by Reflect.get it is not. */
function getterOf(name: string): () => never {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
  return (Object.getOwnPropertyDescriptor(prototype, name) as { get: () => never }).get;
}

const GETTERS = {
  length: getterOf('length'),
  byteLength: getterOf('byteLength'),
  byteOffset: getterOf('byteOffset'),
  buffer: getterOf('buffer'),
};

/** What a typed array has itself, whatever property of that name somebody gave it. */
export function own<K extends keyof typeof GETTERS>(value: NodeJS.TypedArray, name: K): NodeJS.TypedArray[K] {
  return GETTERS[name].call(value);
}

/** The first `length` elements of a typed array, which may have become longer over a resizable ArrayBuffer. */
export function atMost<A extends NodeJS.TypedArray>(
  View: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => A,
  value: A,
  length: number,
): A {
  return own(value, 'length') > length ? new View(own(value, 'buffer'), own(value, 'byteOffset'), length) : value;
}

/** The name of a typed array's own class: `'Float64Array'`; `undefined` for everything else. */
export function kindOf(value: unknown): string | undefined {
  return Reflect.get(Uint8Array.prototype, Symbol.toStringTag, value);
}
