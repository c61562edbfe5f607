type BufferConstructor = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => Buffer;

/**
 * Makes a Buffer over `length` bytes of an ArrayBuffer, from `byteOffset`.
 *
 * `Buffer.from(arrayBuffer, …)` does the same in twice the time, most of it spent in telling its many kinds of argument
 * apart. The constructor behind it is Node's own, so code that sees both kinds of Buffer stays monomorphic. It can be
 * reached as the species of Buffer; runtimes that have none get a subclass with the same prototype chain.
 */
export const BlockBuffer: BufferConstructor = speciesOfBuffer() ?? subclassOfUint8Array();

function speciesOfBuffer(): BufferConstructor | undefined {
  const species = (Buffer as unknown as Record<symbol, unknown>)[Symbol.species];
  if (typeof species !== 'function' || species === Buffer) {
    return undefined;
  }
  try {
    const buffer: unknown = Reflect.construct(species, [new ArrayBuffer(2), 1, 1]);
    const usable = Buffer.isBuffer(buffer) && buffer.byteOffset === 1 && buffer.length === 1;
    return usable ? (species as BufferConstructor) : undefined;
  } catch {
    return undefined;
  }
}

function subclassOfUint8Array(): BufferConstructor {
  class Block extends Uint8Array {}
  Object.setPrototypeOf(Block.prototype, Buffer.prototype as object);
  // Without a constructor of its own an instance says that it is a Buffer.
  delete (Block.prototype as { constructor?: unknown }).constructor;
  return Block as unknown as BufferConstructor;
}
