// placed records are used after every way back, by getters in the middle of placing, and when their arena is gone
'use strict';

const assert = require('node:assert/strict');
const { array, BumpArena, BumpArenaLazy, bytes, collect, collectUntil, KiB, memoryUsage } = require('../support.cjs');
const { ref, run, seededRandom, self, struct, touch, u32, u8 } = require('../support.cjs');

const Leaf = struct({ id: u32, data: bytes(300) });
const Node = struct({ id: u32, next: self, leaf: ref(() => Leaf), list: array(u8, 500) });

/** FORMAT where a Buffer from before a rewind has written over a link, as Buffers may. */
const CODES = /^ERR_(OFFHEAP_(STALE|DISPOSED|FOREIGN_BLOCK|PINNED|FORMAT)|OUT_OF_RANGE|INVALID_ARG_TYPE)$/;

function attempt(fn) {
  try {
    return fn();
  } catch (error) {
    assert.match(String(error.code), CODES, error.stack);
    return undefined;
  }
}

/** Random operations, some of them from inside of others. */
function operationsOf(arena, random, kept) {
  const checkpoints = [];
  const operations = {
    node: () => kept.push(arena.place(Node, { id: 1, list: [1, 2] })),
    leaf: () => kept.push(arena.place(Leaf, { id: 2 })),
    linked: () => kept.push(arena.place(Node, { next: random.pick(kept), leaf: random.pick(kept) })),
    hostile() {
      const get = () => {
        kept.push(arena.place(Leaf, { id: 5 }));
        operations[random.pick(Object.keys(operations))]();
        return random.below(2) === 0 ? 1 : -1;
      };
      kept.push(arena.place(Leaf, Object.defineProperty({}, 'id', { get })));
    },
    alloc: () => kept.push(arena.alloc(random.below(2000))),
    free: () => arena.free(random.pick(kept)),
    realloc: () => kept.push(arena.realloc(random.pick(kept), random.below(500))),
    forged: () => arena.free(Buffer.from(arena.buffer, 0, random.below(arena.used))),
    checkpoint: () => checkpoints.push(arena.checkpoint()),
    rewind: () => arena.rewind(random.pick(checkpoints)),
    scope: () => arena.scope(() => operations[random.pick(Object.keys(operations))]()),
    reset: () => arena.reset(),
    renew: () => arena.renew({ detach: random.below(2) === 0 }),
    resetUnsafe: () => arena.resetUnsafe(),
    trim: () => arena.trim(),
    steal: () => structuredClone(arena.buffer, { transfer: [arena.buffer] }),
    transfer: () => kept.push(new Uint8Array(arena.buffer.transfer())),
  };
  for (const [name, operation] of Object.entries(operations)) {
    operations[name] = () => {
      try {
        operation();
      } catch (error) {
        assert.ok(
          CODES.test(String(error.code)) || error.name === 'DataCloneError' || error instanceof TypeError,
          error,
        );
      }
    };
  }
  return operations;
}

function useAll(kept) {
  for (const each of kept) {
    if (ArrayBuffer.isView(each)) {
      touch(each);
      continue;
    }
    attempt(() => each?.id);
    attempt(() => each && (each.id = 3));
    attempt(() => each?.toObject());
    attempt(() => each?.data && touch(each.data));
    attempt(() => each?.list?.fill(1));
    attempt(() => each?.next && each.next.id++);
    attempt(() => each?.leaf?.data.fill(7));
  }
}

function live(Arena, random) {
  const arena = new Arena(64 * KiB);
  const kept = [];
  const operations = operationsOf(arena, random, kept);
  const names = Object.keys(operations);
  for (let i = 0; i < 200; i++) {
    operations[random.pick(names)]();
    if (i % 20 === 0) {
      useAll(kept);
    }
  }
  if (random.below(2) === 0) {
    arena.dispose();
  }
  return kept;
}

/** A function of its own, so that nothing is left on the stack. */
async function liveOften() {
  const random = seededRandom();
  let kept = [];
  for (let round = 0; round < 60; round++) {
    for (const Arena of [BumpArena, BumpArenaLazy]) {
      kept.push(...live(Arena, random));
    }
    if (round % 10 === 9) {
      await collect(2);
      useAll(kept);
      kept = kept.slice(-500);
    }
  }
}

run(async () => {
  await liveOften();
  await collectUntil('all memory is given back', () => memoryUsage().retired + memoryUsage().reserved === 0);
});
