// Everything that hands out blocks, each in the ways that it can be used.
'use strict';

const offheap = require('../../dist');
const { assert } = require('./world.cjs');

const { KiB, MiB } = offheap;

/** A source for allocators that nest, which ends with what is built on it. */
function arena(world) {
  return world.attempt(() => new offheap.BumpArenaLazy(world.random.of([1, 4, 64]) * MiB));
}

function addArena(world, made, name, safe) {
  if (made === null) {
    return;
  }
  world.add(name, (size) => made.alloc(size), {
    arena: made,
    zeroed: (size) => made.allocZeroed(size),
    reset(holder) {
      const how = world.random.of(['reset', 'renew', 'detach', 'resetUnsafe']);
      world.note(`${how} ${name}`);
      world.forget(holder, safe && how !== 'resetUnsafe', () =>
        how === 'detach' ? made.renew({ detach: true }) : made[how](),
      );
    },
    dispose: () => made.dispose(),
  });
}

/** By their names, with what they drive. */
const holders = {
  BumpArena: (world) =>
    addArena(
      world,
      world.attempt(() => new offheap.BumpArena(world.random.size(MiB))),
      'BumpArena',
      false,
    ),
  BumpArenaLazy: (world) => {
    const zeroed = world.random.oneIn(2);
    const capacity = world.random.of([0, 1, 4096, 64 * KiB, 1 * MiB, 64 * MiB, 1024 * MiB]);
    addArena(
      world,
      world.attempt(() => new offheap.BumpArenaLazy(capacity, { zeroed })),
      'BumpArenaLazy',
      true,
    );
  },
  MemoryArena: (world) => {
    const made = new offheap.MemoryArena(world.random.of([4 * KiB, 64 * KiB, 1 * MiB]));
    const allocator = made.allocator();
    world.add('MemoryArena', (size) => allocator.alloc(size), {
      zeroed: (size) => allocator.allocZeroed(size),
      free: (block) => allocator.free(block),
      dispose: () => (allocator.dispose(), made.dispose()),
    });
  },
  BumpAlloc: (world) => {
    const alloc = offheap.BumpAlloc.withSize(world.random.of([1, 8, 64]) * MiB);
    world.add('BumpAlloc', (size) => alloc.alloc(size), { zeroed: (size) => alloc.allocZeroed(size), shared: alloc });
  },
  ScopedAllocator: (world) => {
    const source = arena(world);
    const made = source && world.attempt(() => new offheap.ScopedAllocator(source, world.random.size(MiB)));
    if (made) {
      world.add('ScopedAllocator', (size) => made.alloc(size), { dispose: () => (made.dispose(), source.dispose()) });
    } else {
      source?.dispose();
    }
  },
  FreeList: (world) => {
    const source = arena(world);
    const blockSize = 16 + world.random.below(4000);
    const made = source && world.attempt(() => new offheap.FreeList(source, { blockSize, count: 4 }));
    if (made) {
      const dispose = () => (made.dispose(), source.dispose());
      world.add('FreeList', (size) => made.alloc(size % (blockSize + 1)), {
        free: (block) => made.free(block),
        dispose,
        modulo: blockSize + 1,
      });
    } else {
      source?.dispose();
    }
  },
  FallbackAllocator: (world) => {
    const source = arena(world);
    if (source) {
      const made = new offheap.FallbackAllocator(source, offheap.heap);
      world.add('FallbackAllocator', (size) => made.alloc(size), {
        free: (block) => made.free(block),
        dispose: () => source.dispose(),
      });
    }
  },
  Segregator: (world) => {
    const source = arena(world);
    if (source) {
      const made = new offheap.Segregator(1024, source, offheap.heap);
      world.add('Segregator', (size) => made.alloc(size), {
        free: (block) => made.free(block),
        dispose: () => source.dispose(),
      });
    }
  },
  Bucketizer: (world) => {
    const sources = [];
    const made = world.attempt(
      () =>
        new offheap.Bucketizer([256, 4096, 65536], () => {
          const source = new offheap.BumpArenaLazy(16 * MiB);
          sources.push(source);
          return source;
        }),
    );
    const dispose = () => (made?.dispose(), sources.forEach((source) => source.dispose()));
    if (made) {
      world.add('Bucketizer', (size) => made.alloc(size), { free: (block) => made.free(block), dispose });
    } else {
      dispose();
    }
  },
  ProxyAllocator: (world) => {
    const source = arena(world);
    if (source) {
      const { Writable } = require('node:stream');
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
      const logger = world.random.oneIn(2) ? offheap.channelLogger('random') : offheap.streamLogger(sink, 'random');
      const made = new offheap.ProxyAllocator(source, logger);
      world.add('ProxyAllocator', (size) => made.alloc(size), {
        free: (block) => made.free(block),
        dispose: () => source.dispose(),
      });
    }
  },
  StatsAllocator: (world) => {
    const source = arena(world);
    if (source) {
      const made = new offheap.StatsAllocator(source);
      world.add('StatsAllocator', (size) => made.alloc(size), {
        free: (block) => made.free(block),
        dispose: () => (assert.ok(made.stats.allocations >= 0), made.resetStats(), source.dispose()),
      });
    }
  },
  heap: (world) => world.add('heap', (size) => offheap.heap.alloc(size), { free: (block) => offheap.heap.free(block) }),
  NullAllocator: (world) => {
    const made = new offheap.NullAllocator();
    world.add('NullAllocator', (size) => (assert.equal(size > 0 ? made.alloc(size) : null, null), null));
  },
  BufferPool: (world) => {
    const { random } = world;
    const options = {
      maxBytes: random.of([1, 16]) * MiB,
      whenFull: random.of(['null', 'allocate']),
      idleMs: random.of([1, 1000]),
    };
    const modes = { zeroed: random.oneIn(3), zeroOnRelease: random.oneIn(4), guard: random.oneIn(6) };
    const made = new offheap.BufferPool({ ...options, ...modes });
    world.add('BufferPool', (size) => made.acquire(size), {
      zeroed: (size) => made.acquireZeroed(size),
      free: (block) => made.release(block),
      pool: made,
      dispose: () => made.dispose(),
    });
  },
  ArenaPool: (world) => {
    const giveBack = world.random.of(['auto', 'renew', 'detach']);
    const pool = new offheap.ArenaPool({ capacity: 4 * MiB, maxCached: 2, giveBack, zeroed: world.random.oneIn(2) });
    let current = world.attempt(() => pool.acquire());
    world.add('ArenaPool', (size) => current?.alloc(size) ?? null, {
      reset(holder) {
        world.forget(holder, true);
        if (current) {
          pool.release(current, { aborted: world.random.oneIn(3) });
        }
        current = world.attempt(() => pool.acquire());
      },
      dispose: () => (current && pool.release(current), pool.dispose()),
    });
  },
};

module.exports = { holders };
