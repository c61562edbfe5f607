// forged blocks, receivers and sources, sources that come back, and tampered prototypes throw, or do nothing
'use strict';

const assert = require('node:assert/strict');
const offheap = require('../support.cjs');
const { Box, Bucketizer, BumpArena, BumpArenaLazy, channelLogger, collect, FallbackAllocator, FreeList, heap } =
  offheap;
const { KiB, NullAllocator, ProxyAllocator, run, ScopedAllocator, Segregator, StatsAllocator, struct, u32, Vec } =
  offheap;

const Point = struct({ x: u32 });

/** JavaScript and the library may refuse; the process may not end. */
function attempt(fn) {
  try {
    return fn();
  } catch {
    return undefined;
  }
}

const methods = ['alloc', 'realloc', 'free', 'owns', 'lifetimeOf', 'place', 'scope', 'dispose'];
const getters = ['used', 'capacity', 'remaining', 'isScoped', 'live', 'count', 'blockSize', 'stats'];

function allocatorsOf() {
  const arena = new BumpArena(64 * KiB);
  const lazy = new BumpArenaLazy(64 * KiB);
  return [
    heap,
    new FreeList(arena, { blockSize: 64, count: 4, maxCount: 8 }),
    new FreeList(lazy, { blockSize: 64, count: 4 }),
    new ScopedAllocator(lazy, KiB),
    new ScopedAllocator(heap, KiB),
    new NullAllocator(),
    new FallbackAllocator(new FreeList(heap, { blockSize: 16 }), lazy),
    new Segregator(32, new FreeList(heap, { blockSize: 32 }), arena),
    new Bucketizer([8, 64], (blockSize) => new FreeList(heap, { blockSize })),
    new ProxyAllocator(heap, channelLogger()),
    new StatsAllocator(lazy),
  ];
}

/** Blocks that lie: about where they are, about how long they are, and another thing every time. */
function forgeriesOf(block) {
  const lying = (name, get) =>
    Object.defineProperty(Buffer.from(block.buffer, block.byteOffset, block.length), name, { get });
  let turns = 0;
  const values = [0, -8, 2 ** 53, NaN, Infinity, 1.5, '8', null, {}, 8n];
  const changing = (right) => () => (turns++ % 2 === 0 ? right : values[turns % values.length]);
  return [
    ...['byteOffset', 'byteLength', 'length', 'buffer'].flatMap((name) => [
      ...values.map((value) => lying(name, () => value)),
      lying(name, changing(block[name])),
      lying(name, () => {
        throw new Error('trap');
      }),
    ]),
    new Proxy(block, {}),
    Object.create(block),
    Object.setPrototypeOf({ buffer: block.buffer, byteOffset: 0, byteLength: 8, length: 8 }, Buffer.prototype),
    Object.setPrototypeOf(Buffer.from(block), null),
    Object.setPrototypeOf(Buffer.from(block.buffer, block.byteOffset), Uint8Array.prototype),
    new DataView(block.buffer),
    new Float64Array(block.buffer, 0, Math.floor(block.buffer.byteLength / 8)),
    new Uint8Array(new SharedArrayBuffer(64)),
    new Uint8Array(new ArrayBuffer(8, { maxByteLength: 64 })),
    ...[undefined, null, 0, 'x', Symbol('s'), {}, [], () => 1, block.buffer, new WeakMap(), globalThis],
  ];
}

function abuse(allocator, forgery, depth = 0) {
  attempt(() => allocator.owns(forgery));
  attempt(() => allocator.lifetimeOf(forgery));
  attempt(() => allocator.realloc(forgery, 4));
  attempt(() => allocator.realloc(forgery, 100));
  attempt(() => allocator.free(forgery));
  attempt(() => depth < 3 && allocator.scope((inner) => abuse(inner, forgery, depth + 1)));
  attempt(() => allocator.alloc(8)?.fill(1));
  attempt(() => allocator.place(Point, { x: 5 }).x++);
  attempt(() => Box.newIn(allocator, u32, 7).value++);
}

function forgedBlocks() {
  for (const i of allocatorsOf().keys()) {
    const block = attempt(() => allocatorsOf()[i].alloc(8)) ?? Buffer.alloc(8);
    for (const j of forgeriesOf(block).keys()) {
      const allocator = allocatorsOf()[i];
      const own = attempt(() => allocator.alloc(8)) ?? block;
      abuse(allocator, forgeriesOf(own)[j]);
      attempt(() => allocator.dispose());
    }
  }
}

/** Every method of every allocator, called on everything else. */
function forgedReceivers() {
  const all = allocatorsOf();
  const receivers = [...all, ...all.map((each) => new Proxy(each, {})), ...all.map((each) => Object.create(each))];
  for (const each of all) {
    for (const receiver of [...receivers, undefined, null, {}, 5, 'x', Buffer.alloc(8), class {}]) {
      for (const name of methods) {
        attempt(() => each[name].call(receiver, 8, 8));
        attempt(() => each[name].call(receiver, Buffer.alloc(8), 8));
        attempt(() => each[name].call(receiver, () => 1));
      }
      for (const name of getters) {
        attempt(() => Reflect.get(each, name, receiver));
      }
    }
    attempt(() => new each.constructor());
    attempt(() => new (Object.getPrototypeOf(each.constructor))({}, 0, 0));
    attempt(() => Reflect.construct(each.constructor, [heap, 8], Array));
  }
}

function garbage() {
  const lifetime = new BumpArena(KiB);
  return [
    ...[undefined, 0, 'x', {}, [], Symbol('s'), () => 1, Buffer.alloc(0), Buffer.alloc(8), new Uint8Array(1 << 16)],
    Buffer.from(new SharedArrayBuffer(1 << 16)),
    Buffer.from(new ArrayBuffer(1 << 16, { maxByteLength: 1 << 17 })),
    new Proxy(Buffer.alloc(1 << 16), {}),
    Object.create(Buffer.prototype, { length: { value: 1e9 }, byteOffset: { value: 0 }, buffer: { value: {} } }),
    Object.create(Buffer.prototype, { length: { value: 1e9 }, byteOffset: { value: 0 }, buffer: { value: 'x' } }),
    Object.defineProperty(Buffer.alloc(8), 'length', { value: 1e9 }),
    Object.defineProperties(Buffer.alloc(1 << 16), { byteOffset: { value: -64 }, length: { value: 1e9 } }),
    Object.defineProperty(Buffer.alloc(1 << 16), 'buffer', { value: lifetime.buffer }),
    Object.defineProperty(Buffer.alloc(1 << 16), 'byteOffset', { value: 2 ** 40 }),
  ];
}

/** What is built on a source is used, whatever the source does. */
function useSource(source) {
  const made = [
    () => new FreeList(source, { blockSize: 64, count: 4, maxCount: 16 }),
    () => new FreeList(source, { blockSize: 4096, count: 1, maxCount: Infinity }),
    () => new ScopedAllocator(source, KiB),
    () => new FallbackAllocator(source, heap),
    () => new Segregator(16, heap, source),
    () => new Segregator(16, source, heap),
    () => new Bucketizer([8, 64], () => source),
    () => new ProxyAllocator(source, {}),
    () => new StatsAllocator(source),
  ].map((make) => attempt(make));
  for (const allocator of made.filter((each) => each !== undefined)) {
    const blocks = Array.from({ length: 20 }, (_, i) => attempt(() => allocator.alloc(i)));
    attempt(() => Box.newIn(allocator, Point, { x: 1 }).value.x++);
    attempt(() => Vec.newIn(allocator, u32, 1).extend([1, 2, 3, 4]));
    attempt(() => allocator.scope((inner) => inner.place(Point, { x: 1 }).x++));
    for (const block of blocks) {
      attempt(() => block.fill(1));
      attempt(() => allocator.realloc(block, 100));
      attempt(() => allocator.free(block));
    }
    attempt(() => allocator.dispose());
    attempt(() => allocator.dispose());
  }
  attempt(() => Box.newIn(source, Point, { x: 1 }).free());
  attempt(() => Vec.newIn(source, u32, 1).extend([1, 2, 3, 4]));
}

function hostileSources() {
  const arena = new BumpArenaLazy(256 * KiB);
  const foreign = new BumpArena(KiB);
  for (const answer of garbage()) {
    for (const lifetimeOf of [undefined, () => answer, () => foreign.lifetimeOf(foreign.alloc(8)), () => null]) {
      const source = { alloc: () => answer, realloc: () => answer, free: () => answer, owns: () => answer };
      useSource(lifetimeOf === undefined ? source : { ...source, lifetimeOf });
      foreign.resetUnsafe();
    }
  }
  const again = Buffer.from(new ArrayBuffer(1 << 16));
  useSource({ alloc: () => again, realloc: () => again, free() {}, owns: () => true });
  useSource({
    alloc: (size) => arena.alloc(size),
    realloc: (block, size) => arena.realloc(block, size),
    free: () => arena.reset(),
    owns: (block) => arena.owns(block),
    lifetimeOf: (block) => arena.lifetimeOf(block),
  });
}

/** Sources that come back, once or until there is no stack left, to what is built on them. */
function comingBack() {
  for (const most of [1, 5, 20_000]) {
    for (const action of ['alloc', 'free', 'dispose', 'scope', 'realloc']) {
      let built = null;
      let held = null;
      let times = 0;
      const comeBack = () => {
        if (built !== null && times++ < most) {
          attempt(() => built[action]?.(action === 'alloc' ? 8 : action === 'scope' ? (i) => i.alloc(8) : held, 100));
        }
      };
      const source = {
        alloc(size, align) {
          comeBack();
          return heap.alloc(size, align);
        },
        realloc(block, size) {
          comeBack();
          return heap.realloc(block, size);
        },
        free(block) {
          comeBack();
          heap.free(block);
        },
        owns(block) {
          comeBack();
          return heap.owns(block);
        },
        lifetimeOf(block) {
          comeBack();
          return heap.lifetimeOf(block);
        },
      };
      for (const make of [
        () => new FreeList(source, { blockSize: 8, count: 1, maxCount: 20 }),
        () => new ScopedAllocator(source, 100),
        () => new FallbackAllocator(source, new NullAllocator()),
        () => new StatsAllocator(source),
      ]) {
        times = 0;
        built = null;
        built = make();
        held = attempt(() => built.alloc(8));
        for (let i = 0; i < 20; i++) {
          attempt(() => built.alloc(8).fill(i));
        }
        attempt(() => built.realloc(held, 50));
        attempt(() => built.free(held));
        attempt(() => built.dispose());
      }
    }
  }
}

/** What all Buffers have in common is changed under a list, and what one of its own blocks says of itself. */
function tamperedPrototypes() {
  const list = new FreeList(heap, { blockSize: 64, count: 4, maxCount: 8 });
  const scoped = new ScopedAllocator(heap, KiB);
  const blocks = [list.alloc(1), list.alloc(1)];
  for (const name of ['length', 'byteOffset', 'byteLength', 'buffer']) {
    let depth = 0;
    const get = () => {
      if (depth++ < 3) {
        attempt(() => list.alloc(1));
        attempt(() => list.free(blocks[1]));
      }
      return [64, 0, -1, NaN, {}][depth % 5];
    };
    attempt(() => Object.defineProperty(blocks[0], name, { get, configurable: true }));
    attempt(() => list.free(blocks[0]));
    for (let i = 0; i < 10; i++) {
      attempt(() => list.alloc(1)?.fill(1));
    }
    attempt(() => list.realloc(blocks[0], 8));
    attempt(() => list.owns(blocks[0]));
    delete blocks[0][name];
  }
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  for (const [target, names] of [
    [typedArray, ['length', 'byteOffset', 'byteLength', 'buffer', 'set', 'subarray']],
    [ArrayBuffer.prototype, ['byteLength']],
    [FreeList.prototype, ['alloc', 'free']],
    [Object.getPrototypeOf(ScopedAllocator.prototype), ['alloc', 'owns', 'constructor']],
  ]) {
    for (const name of names) {
      const descriptor = Object.getOwnPropertyDescriptor(target, name);
      for (const value of [undefined, 0, -1, 2 ** 53, {}, () => 1]) {
        Object.defineProperty(target, name, { configurable: true, get: () => value });
        attempt(() => list.alloc(1));
        attempt(() => list.realloc(blocks[1], 5));
        attempt(() => list.free(blocks[1]));
        attempt(() => scoped.alloc(10));
        attempt(() => scoped.scope((inner) => inner.place(Point, { x: 1 })));
        attempt(() => heap.realloc(heap.alloc(5), 50));
        Object.defineProperty(target, name, descriptor);
      }
    }
  }
}

run(async () => {
  forgedBlocks();
  forgedReceivers();
  hostileSources();
  comingBack();
  tamperedPrototypes();
  await collect();
  const list = new FreeList(heap, { blockSize: 64, count: 4 });
  const blocks = Array.from({ length: 4 }, () => list.alloc(64));
  blocks.forEach((block, i) => block.fill(i));
  assert.ok(blocks.every((block, i) => block.every((byte) => byte === i)));
  assert.equal(list.alloc(1), null);
});
