// byte streams and BYOB readers take an arena's buffer away: the arena goes on, and what was taken stays valid
'use strict';

const assert = require('node:assert/strict');
const { BumpArena, BumpArenaLazy, collect, collectUntil, KiB, memoryUsage, MiB, run } = require('../support.cjs');

/** Each has a stream take `block` with its whole ArrayBuffer, and answers with what comes out of it. */
const thieves = {
  async enqueue(block) {
    const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(block) });
    return (await stream.getReader().read()).value;
  },
  async byobReader(block) {
    const stream = new ReadableStream({
      type: 'bytes',
      pull(controller) {
        const { byobRequest } = controller;
        byobRequest.view.fill(0x11);
        byobRequest.respond(byobRequest.view.byteLength);
      },
    });
    return (await stream.getReader({ mode: 'byob' }).read(block)).value;
  },
  async respondWithNewView(block) {
    const stream = new ReadableStream({
      type: 'bytes',
      async pull(controller) {
        const { view } = controller.byobRequest;
        view.fill(0x11);
        await null;
        controller.byobRequest.respondWithNewView(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      },
    });
    return (await stream.getReader({ mode: 'byob' }).read(block)).value;
  },
};

const restarts = {
  reset: (arena) => arena.reset(),
  renew: (arena) => arena.renew(),
  detach: (arena) => arena.renew({ detach: true }),
};

const all = (view, byte) => view.every((value) => value === byte);

async function steal(Arena, steal, restart, withGrowth) {
  const arena = new Arena(2 * MiB);
  for (let round = 0; round < 3; round++) {
    const before = arena.alloc(8 * KiB).fill(0x22);
    const older = arena.buffer;
    if (withGrowth) {
      arena.alloc(500 * KiB); // what is taken then is not the only buffer over the memory
    }
    const block = arena.alloc(8 * KiB).fill(0x11);
    const offset = block.byteOffset;
    const used = arena.used;
    const taken = await steal(block);
    assert.equal(block.length, 0, 'the stream took the buffer');
    assert.equal(taken.byteOffset, offset);
    assert.ok(all(taken, 0x11));
    if (Arena === BumpArenaLazy && older.byteLength > 0) {
      assert.ok(all(before, 0x22), 'views on a shorter buffer stay valid');
    }

    // The same round goes on.
    const after = arena.alloc(8 * KiB).fill(0x33);
    assert.ok(arena.used >= used);
    await collect(1);
    assert.ok(all(after, 0x33));
    assert.ok(all(taken, 0x11), 'data from before the theft is right');
    if (Arena === BumpArenaLazy) {
      assert.ok(all(new Uint8Array(arena.buffer, 0, 8 * KiB), 0x22), 'and is in the arena, too');
    }
    const taken2 = await steal(arena.alloc(8 * KiB).fill(0x11));
    assert.ok(all(taken2, 0x11));

    // What comes next, with a byte of its own in every round, is invisible to whoever has the buffers.
    const fresh = 0xf0 + round;
    restart(arena);
    const next = arena.alloc(MiB).fill(fresh);
    for (const view of [taken, taken2]) {
      const whole = new Uint8Array(view.buffer);
      assert.ok(!whole.includes(fresh), 'the taken buffer shows the next round');
      whole.fill(0x55);
    }
    await collect(1);
    assert.ok(all(next, fresh), 'the taken buffer changes the next round');
    assert.ok(all(taken, 0x55));
    restart(arena);
    if (round === 1) {
      arena.dispose();
      await collect(2);
      new Uint8Array(taken.buffer).fill(0x66);
      assert.ok(all(taken, 0x66));
      return;
    }
  }
}

/** A stream whose reader lags behind what it is fed, while the arena starts over now and then. */
async function pipe(Arena) {
  const arena = new Arena(256 * KiB);
  const rounds = [];
  let round = 0;
  const pull = (controller) => {
    if (rounds.length === 200) {
      controller.close();
      return;
    }
    if (rounds.length % 7 === 6) {
      arena.reset();
      round++;
    }
    controller.enqueue(arena.alloc(16 * KiB).fill(rounds.length & 0xff));
    rounds.push(round);
  };
  let received = 0;
  for await (const chunk of new ReadableStream({ type: 'bytes', pull }, { highWaterMark: 64 * KiB })) {
    // A chunk that is read after the reset is a stale view: zero, or as it was, but never somebody else's.
    const isStale = rounds[received] !== round;
    assert.ok(all(chunk, received & 0xff) || (isStale && all(chunk, 0)), `chunk ${received} has changed`);
    received++;
    if (received % 20 === 0) {
      await collect(1);
    }
  }
  assert.equal(received, 200);
}

run(async () => {
  for (const Arena of [BumpArenaLazy, BumpArena]) {
    for (const thief of Object.values(thieves)) {
      for (const restart of Object.values(restarts)) {
        await steal(Arena, thief, restart, false);
        await steal(Arena, thief, restart, true);
      }
    }
    await pipe(Arena);
  }
  await collectUntil('all is given back', () => memoryUsage().reserved + memoryUsage().retired === 0);
});
