// allocators of every kind on each other, whose sources start over, go back, are robbed and disposed of under them
'use strict';

const assert = require('node:assert/strict');
const offheap = require('../support.cjs');
const { array, Box, BumpArena, BumpArenaLazy, bytes, collect, collectUntil, FreeList, heap, KiB, memoryUsage } =
  offheap;
const { Bucketizer, FallbackAllocator, MiB, NullAllocator, ProxyAllocator, run, ScopedAllocator, seededRandom } =
  offheap;
const { Segregator, self, StatsAllocator, struct, touch, u32, u8, Vec } = offheap;

const Node = struct({ id: u32, next: self, list: array(u8, 100), data: bytes(50) });

const CODES = /^ERR_(OFFHEAP_\w+|OUT_OF_RANGE|INVALID_ARG_TYPE)$/;

/** Errors are fine, if they are the library's own, or the runtime's own about what cannot be transferred. */
function attempt(fn) {
  try {
    return fn();
  } catch (error) {
    assert.ok(
      CODES.test(String(error.code)) || error.name === 'DataCloneError' || error instanceof TypeError,
      error.stack,
    );
    return undefined;
  }
}

/** What makes an allocator on one, or on two, others. */
const makers = {
  freeList: (source, _other, random) =>
    new FreeList(source, {
      blockSize: random.pick([8, 64, 200, 1024]),
      count: random.pick([1, 4, 16]),
      maxCount: random.pick([16, 64, Infinity]),
    }),
  scoped: (source, _other, random) => new ScopedAllocator(source, random.pick([0, 100, 4 * KiB, 20 * KiB])),
  fallback: (source, other) => new FallbackAllocator(source, other),
  segregator: (source, other, random) => new Segregator(random.pick([0, 64, 1000]), source, other),
  bucketizer: (source) => new Bucketizer([16, 64, 256], (blockSize) => new FreeList(source, { blockSize, count: 4 })),
  proxy: (source) => new ProxyAllocator(source, { alloc: () => undefined }),
  stats: (source) => new StatsAllocator(source),
  none: () => new NullAllocator(),
};

/** Random operations, some of them from inside of others. */
function operationsOf(random, allocators, kept) {
  const any = () => random.pick(allocators);
  const operations = {
    make() {
      const maker = makers[random.pick(Object.keys(makers))];
      allocators.push(maker(any(), any(), random));
    },
    alloc: () => kept.push(any().alloc(random.below(300), 2 ** random.below(8))),
    allocMuch: () => kept.push(...Array.from({ length: 50 }, () => any().alloc(random.below(70)))),
    free: () => any().free(random.pick(kept)),
    freeOwn() {
      const block = random.pick(kept);
      allocators.find((each) => attempt(() => each.owns(block)) === true)?.free(block);
    },
    realloc: () => kept.push(any().realloc(random.pick(kept), random.below(1500))),
    box: () => kept.push(Box.newIn(any(), Node, { id: 7 })),
    vec: () => kept.push(Vec.newIn(any(), u32, random.below(20))),
    place: () => kept.push(any().place?.(Node, { id: 1, next: random.pick(kept) })),
    placeHostile() {
      const get = () => {
        operations[random.pick(Object.keys(operations))]();
        return random.below(2) === 0 ? 1 : -1;
      };
      kept.push(any().place?.(Node, Object.defineProperty({}, 'id', { get })));
    },
    scope: () =>
      any().scope?.((inner) => {
        if (allocators.length < 200) {
          allocators.push(inner);
        }
        operations[random.pick(Object.keys(operations))]();
        operations[random.pick(Object.keys(operations))]();
        if (random.below(5) === 0) {
          throw new TypeError('out');
        }
      }),
    reset: () => any().reset?.(),
    renew: () => any().renew?.({ detach: random.below(2) === 0 }),
    resetUnsafe: () => any().resetUnsafe?.(),
    dispose: () => random.below(4) === 0 && any().dispose?.(),
    steal() {
      const { buffer } = random.pick(kept.filter(ArrayBuffer.isView)) ?? new Uint8Array(8);
      structuredClone(buffer, { transfer: [buffer] });
    },
    transfer: () => kept.push(new Uint8Array(random.pick(kept.filter(ArrayBuffer.isView))?.buffer.transfer?.() ?? 0)),
    enqueue() {
      const view = random.pick(kept.filter(ArrayBuffer.isView));
      if (view !== undefined && view.length > 0) {
        new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(view) });
      }
    },
  };
  for (const [name, operation] of Object.entries(operations)) {
    operations[name] = () => attempt(operation);
  }
  return operations;
}

function useAll(kept) {
  for (const each of kept) {
    if (ArrayBuffer.isView(each)) {
      touch(each);
    } else if (each instanceof Box) {
      attempt(() => (each.value.id += 1));
      attempt(() => each.value.data.fill(1));
      attempt(() => (each.value = { list: [1, 2] }));
      attempt(() => each.value.id % 3 === 0 && each.free());
    } else if (each instanceof Vec) {
      attempt(() => each.push(5));
      attempt(() => each.extend([1, 2, 3, 4, 5]));
      attempt(() => each.elements.fill(3));
      attempt(() => each.length > 100 && each.free());
    } else {
      attempt(() => each && each.id++);
      attempt(() => each?.toObject());
      attempt(() => each?.next && each.next.list.fill(2));
    }
  }
}

function live(random) {
  const allocators = [heap, new BumpArena(256 * KiB), new BumpArenaLazy(4 * MiB), new BumpArenaLazy(64 * KiB)];
  const kept = [];
  const operations = operationsOf(random, allocators, kept);
  const names = Object.keys(operations);
  for (let i = 0; i < 400; i++) {
    operations[random.pick(names)]();
    if (i % 25 === 0) {
      useAll(kept);
    }
  }
  useAll(kept);
  if (random.below(2) === 0) {
    allocators.slice(1).forEach((each) => attempt(() => each.dispose?.()));
  }
  return kept;
}

/** A function of its own, so that nothing is left on the stack. */
async function liveOften() {
  const random = seededRandom();
  let kept = [];
  for (let round = 0; round < 80; round++) {
    kept.push(...live(random));
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
