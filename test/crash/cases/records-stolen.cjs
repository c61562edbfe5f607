// the buffer behind records is taken away again and again, while the arena goes on and its thieves write
'use strict';

const assert = require('node:assert/strict');
const { PassThrough } = require('node:stream');
const {
  array,
  BumpArena,
  BumpArenaLazy,
  bytes,
  collect,
  collectUntil,
  KiB,
  memoryUsage,
  run,
} = require('../support.cjs');
const { self, struct, text, touch, TypedArena, TypedArenaLazy, u32, u8 } = require('../support.cjs');

const Node = struct({ id: u32, next: self, name: text, data: bytes(1 * KiB), list: array(u8, 3) });
const Leaf = struct({ id: u32, next: self, data: bytes(1 * KiB) });

const thieves = {
  async stream(view) {
    const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(view) });
    return (await stream.getReader().read()).value;
  },
  async byobReader(view) {
    const pull = ({ byobRequest }) => byobRequest.respond(1);
    return (await new ReadableStream({ type: 'bytes', pull }).getReader({ mode: 'byob' }).read(view)).value;
  },
  transfer: (view) => new Uint8Array(view.buffer.transfer?.() ?? 0),
  shorter: (view) => new Uint8Array(view.buffer.transfer?.(view.buffer.byteLength / 2) ?? 0),
  clone(view) {
    try {
      return new Uint8Array(structuredClone(view.buffer, { transfer: [view.buffer] }));
    } catch {
      return view;
    }
  },
};

/** Errors are fine, if they are the library's own. */
function attempt(fn) {
  try {
    return fn();
  } catch (error) {
    assert.match(error.code ?? String(error.stack), /^ERR_OFFHEAP_/);
    return undefined;
  }
}

async function live(Arena, Struct, steal) {
  const stolen = [];
  const isTyped = Arena.prototype instanceof TypedArena || Arena === TypedArena;
  const arena = isTyped ? new Arena(Struct, 2000) : new Arena(2000 * 2 * KiB);
  const add = (init) => (isTyped ? arena.alloc(init) : arena.place(Struct, init));
  const references = [];
  for (let round = 0; round < 6; round++) {
    const views = [];
    for (let id = 0; id < 100; id++) {
      const record = attempt(() => add({ id, data: Buffer.alloc(KiB, id), next: references.at(-1) ?? null }));
      const other = record ?? attempt(() => add({ id }));
      if (other) {
        references.push(other);
        attempt(() => views.push(other.data));
      }
      const view = views.at(-(id % 7) - 1);
      if (id % 30 === 29 && view !== undefined && view.length > 0) {
        stolen.push(await steal(view));
        touch(stolen.at(-1));
      }
    }
    for (const record of references) {
      attempt(() => record.toObject());
      attempt(() => (record.next = record));
      attempt(() => record.next.id++);
      attempt(() => record.data.fill(3));
    }
    if (isTyped) {
      attempt(() => arena.forEach((record) => record.id++));
      attempt(() => arena.column('data').at(5).fill(1));
      await arena.save(new PassThrough().resume()).catch(() => {});
    }
    stolen.forEach(touch);
    if (round % 2 === 0) {
      try {
        arena.reset();
      } catch (error) {
        assert.equal(error.code, 'ERR_OFFHEAP_PINNED');
      }
      references.splice(0, 50);
    }
    await collect(1);
    stolen.forEach(touch);
  }
  attempt(() => arena.dispose());
  await collect(1);
  stolen.forEach(touch);
  for (const record of references) {
    attempt(() => record.id++);
  }
}

run(async () => {
  for (const steal of Object.values(thieves)) {
    for (const [Arena, Struct] of [
      [TypedArena, Node],
      [TypedArenaLazy, Node],
      [BumpArena, Leaf],
      [BumpArenaLazy, Leaf],
    ]) {
      await live(Arena, Struct, steal);
    }
  }
  await collectUntil('all memory is given back', () => memoryUsage().retired + memoryUsage().reserved === 0);
});
