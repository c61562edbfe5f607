// Every public class that takes memory, for the cases that use it up. Each taker is made with the size of a block and a capacity far
// beyond what there is, and answers how to take one more block (`take`), what it says when there is none (`refusal`: a value,
// or the code of an error), whether that error's message says why (`names`), and how to give all of it back (`free`).
'use strict';

const { Readable, Writable } = require('node:stream');

const offheap = require('../../dist/index.js');

const {
  ArenaPool,
  BufferPool,
  BumpAlloc,
  BumpArenaLazy,
  Box,
  bytes,
  FreeList,
  MemoryArena,
  readInto,
  ScopedAllocator,
} = offheap;
const { struct, text, TypedArenaLazy, u8, Vec } = offheap;

/** An arena, and what is built on it. */
function onArena(capacity, refusal, takeFrom) {
  const arena = new BumpArenaLazy(capacity);
  return {
    refusal,
    take: () => takeFrom(arena),
    free: () => arena.dispose(),
  };
}

/** A file of records that fill a block. */
async function fileOf(Struct) {
  const pieces = [];
  const arena = new TypedArenaLazy(Struct, 1);
  arena.push();
  await arena.save(
    new Writable({
      write(chunk, _encoding, done) {
        pieces.push(Buffer.from(chunk));
        done();
      },
    }),
  );
  arena.dispose();
  return pieces;
}

const takers = {
  'BumpArenaLazy.alloc': (size, capacity) => onArena(capacity, null, (arena) => arena.alloc(size)),
  'BumpArenaLazy.allocZeroed': (size, capacity) => onArena(capacity, null, (arena) => arena.allocZeroed(size)),
  'BumpArenaLazy.allocArray': (size, capacity) =>
    onArena(capacity, null, (arena) => arena.allocArray(Float64Array, size / 8)),
  'BumpArenaLazy.allocOffset': (size, capacity) => onArena(capacity, -1, (arena) => arena.allocOffset(size)),
  'BumpArenaLazy.place': (size, capacity) => {
    const Blob = struct({ data: bytes(size) });
    return onArena(capacity, null, (arena) => arena.place(Blob));
  },
  'BumpArenaLazy.realloc': (size, capacity) => {
    const arena = new BumpArenaLazy(capacity);
    let block = null;
    return {
      refusal: null,
      take() {
        const longer = block === null ? arena.alloc(size) : arena.realloc(block, block.length + size);
        block = longer ?? block;
        return longer;
      },
      free() {
        block = null;
        arena.dispose();
      },
    };
  },

  'BumpAlloc.alloc': (size, capacity) => {
    let alloc = BumpAlloc.withSize(capacity);
    return { refusal: null, take: () => alloc.alloc(size), free: () => (alloc = null) };
  },
  'BumpAlloc.allocOffset': (size, capacity) => {
    let alloc = BumpAlloc.withSize(capacity);
    return { refusal: -1, take: () => alloc.allocOffset(size), free: () => (alloc = null) };
  },

  'TypedArenaLazy.push': (size, capacity) => {
    const arena = new TypedArenaLazy(struct({ data: bytes(size) }), capacity / size);
    return { refusal: -1, take: () => arena.push(), free: () => arena.dispose() };
  },
  'TypedArenaLazy.alloc': (size, capacity) => {
    const arena = new TypedArenaLazy(struct({ data: bytes(size) }), capacity / size);
    return { refusal: null, take: () => arena.alloc(), free: () => arena.dispose() };
  },
  'TypedArenaLazy, texts': (size, capacity) => {
    const arena = new TypedArenaLazy(struct({ title: text }), 1000, { textBytes: capacity });
    const title = 'a'.repeat(size);
    return {
      refusal: 'ERR_OFFHEAP_FULL',
      names: true,
      take: () => arena.push({ title }),
      free: () => arena.dispose(),
    };
  },
  'TypedArenaLazy.load': async (size) => {
    const Struct = struct({ data: bytes(size) });
    const file = await fileOf(Struct);
    const arenas = [];
    return {
      refusal: 'ERR_OFFHEAP_FULL',
      names: true,
      take: async () => arenas.push(await TypedArenaLazy.load(Struct, file)),
      free: () => arenas.forEach((arena) => arena.dispose()),
    };
  },

  MemoryArena: (size) => {
    const arena = new MemoryArena(size);
    const allocator = arena.allocator();
    return {
      refusal: null,
      take: () => allocator.alloc(size),
      free() {
        allocator.dispose();
        arena.dispose();
      },
    };
  },

  BufferPool: (size) => {
    const pool = new BufferPool({ whenFull: 'null', maxBytes: Number.MAX_SAFE_INTEGER });
    const buffers = [];
    return {
      refusal: null,
      take() {
        const buffer = pool.acquire(size);
        if (buffer !== null) {
          buffers.push(buffer);
        }
        return buffer;
      },
      free() {
        buffers.splice(0).forEach((buffer) => pool.release(buffer));
        pool.trim();
        pool.dispose();
      },
    };
  },

  ArenaPool: (size, capacity) => {
    const pool = new ArenaPool({ capacity, zeroed: false });
    const arena = pool.acquire();
    return {
      refusal: null,
      take: () => arena.alloc(size),
      free() {
        pool.release(arena);
        pool.dispose();
      },
    };
  },
  readInto: (size, capacity) => {
    const pool = new ArenaPool({ capacity, zeroed: false });
    const arena = pool.acquire();
    const body = Buffer.alloc(size);
    return {
      refusal: 'ERR_OFFHEAP_FULL',
      names: true,
      take() {
        const source = Object.assign(Readable.from([body], { objectMode: false }), { headers: {} });
        return readInto(source, { arena, limit: size });
      },
      free() {
        pool.release(arena);
        pool.dispose();
      },
    };
  },

  FreeList: (size, capacity) =>
    onArena(capacity, 'ERR_OFFHEAP_FULL', (arena) => new FreeList(arena, { blockSize: size / 4, count: 4 })),
  ScopedAllocator: (size, capacity) =>
    onArena(capacity, 'ERR_OFFHEAP_FULL', (arena) => new ScopedAllocator(arena, size)),
  Box: (size, capacity) => {
    const Blob = struct({ data: bytes(size) });
    return onArena(capacity, null, (arena) => Box.newIn(arena, Blob));
  },
  Vec: (size, capacity) => onArena(capacity, null, (arena) => Vec.newIn(arena, u8, size)),
};

/**
 * Takes until there is no more.
 *
 * @param most Throws where so many blocks were not enough.
 * @returns How many there were, and the error, where the refusal was one.
 */
async function exhaust({ refusal, take }, most) {
  for (let count = 0; count < most; count++) {
    try {
      if ((await take()) === refusal) {
        return { count, message: '' };
      }
    } catch (error) {
      if (error.code !== refusal) {
        throw error;
      }
      return { count, message: error.message };
    }
  }
  throw new Error(`${most} blocks were not refused`);
}

/** Those that need as much memory of Node's besides. */
const COPYING = new Set(['TypedArenaLazy, texts', 'TypedArenaLazy.load', 'readInto']);

module.exports = { COPYING, exhaust, takers };
