import { inspect } from 'node:util';

type Module = typeof import('../../lib/memory/buffer-view');

/** The module as a runtime sees it whose Buffer has no usable species. */
function loadWithout(species: unknown): Module {
  const descriptor = Object.getOwnPropertyDescriptor(Buffer, Symbol.species)!;
  Object.defineProperty(Buffer, Symbol.species, { configurable: true, value: species });
  try {
    let module!: Module;
    jest.isolateModules(() => {
      module = jest.requireActual('../../lib/memory/buffer-view');
    });
    return module;
  } finally {
    Object.defineProperty(Buffer, Symbol.species, descriptor);
  }
}

describe.each([
  ['Node’s own constructor', () => jest.requireActual<Module>('../../lib/memory/buffer-view')],
  ['a subclass, without a species,', () => loadWithout(undefined)],
  ['a subclass, with another species,', () => loadWithout(Uint8Array)],
  ['a subclass, with one that throws,', () => loadWithout(Map)],
])('A block made by %s', (_name, load) => {
  const { BlockBuffer } = load();
  const memory = new ArrayBuffer(16);
  const block = new BlockBuffer(memory, 4, 8);

  it('is a Buffer over the memory', () => {
    expect(Buffer.isBuffer(block)).toBe(true);
    expect(block).toBeInstanceOf(Uint8Array);
    expect(block.buffer).toBe(memory);
    expect([block.byteOffset, block.length]).toEqual([4, 8]);
    block.writeUInt32BE(0x01020304, 0);
    expect(new Uint8Array(memory)[7]).toBe(4);
    expect(inspect(block)).toBe('<Buffer 01 02 03 04 00 00 00 00>');
    expect(block).toEqual(Buffer.from([1, 2, 3, 4, 0, 0, 0, 0]));
    expect(block.constructor).toBe(Buffer);
  });

  it('gives Buffers over the same memory from subarray', () => {
    const part = block.subarray(2, 4);
    expect(Buffer.isBuffer(part)).toBe(true);
    expect(part.buffer).toBe(memory);
    expect(part.toString('hex')).toBe('0304');
  });
});
