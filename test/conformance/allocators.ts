import {
  type Allocator,
  type BlockOwner,
  Bucketizer,
  BumpAlloc,
  BumpArena,
  BumpArenaLazy,
  FallbackAllocator,
  FreeList,
  type FreeListOptions,
  heap,
  KiB,
  MemoryArena,
  NullAllocator,
  ProxyAllocator,
  ScopedAllocator,
  Segregator,
  StatsAllocator,
} from '../../lib';
import { type Factory, type Traits } from './suite';
import { plainAllocator, plainOwner } from './user-written';

/** Odd, so that nothing ends at a multiple of an alignment by chance. */
const CAPACITY = 4099;
/** Of the blocks of a FreeList, and how many there are. */
const BLOCK = 64;
const COUNT = 16;
const SIZES = [16, 64, 256];

const LIST = { blockSize: BLOCK, count: COUNT } satisfies FreeListOptions;
const GROWING = { blockSize: BLOCK, count: 5, maxCount: 33 };

const BUMP: Traits = { largest: CAPACITY, exact: true, takesBack: 'last', lifetime: 'free' };
/** Its memory lasts as long as anybody can look at it. */
const BUMP_ALLOC: Traits = { ...BUMP, takesBack: 'none', lifetime: 'memory', givesUp: false };
const FREE_LIST: Traits = { largest: BLOCK, count: COUNT, maxAlign: BLOCK, takesBack: 'every', lifetime: 'free' };
const HEAP: Traits = { largest: Infinity, exact: true, takesBack: 'every', lifetime: 'free', givesUp: false };
/** With parts that have their memory from the heap as well. */
const LAYERED: Traits = { ...HEAP, exact: false, layered: true };
const BUCKETS: Traits = { ...FREE_LIST, largest: 256, maxAlign: SIZES[0]! };
const USERS: Traits = { largest: CAPACITY, count: 32, exact: true, takesBack: 'every', ownErrors: true };

/** What is to be disposed of is disposed of afterwards, the last first. */
function making(make: (keep: <T extends Disposable>(made: T) => T) => Allocator): Factory {
  return (use) => {
    const kept: Disposable[] = [];
    try {
      use(
        make((made) => {
          kept.push(made);
          return made;
        }),
      );
    } finally {
      for (const made of kept.reverse()) {
        made[Symbol.dispose]();
      }
    }
  };
}

type Keep = Parameters<Parameters<typeof making>[0]>[0];

const arena = (keep: Keep, capacity = CAPACITY): BumpArena => keep(new BumpArena(capacity));
const bumpAlloc = (): BumpAlloc => BumpAlloc.withSize(CAPACITY);
const list = (keep: Keep, options: FreeListOptions = LIST): FreeList => keep(new FreeList(heap, options));
const buckets = (keep: Keep): Bucketizer =>
  new Bucketizer(SIZES, (size) => keep(new FreeList(heap, { blockSize: size, count: COUNT })));
const pool = (keep: Keep): BlockOwner => new FallbackAllocator(buckets(keep), heap);

const logger = {};

/** Every allocator of the package, alone and upon others, for `describeAllocator`. */
export const ALLOCATORS: readonly (readonly [name: string, factory: Factory, traits: Traits])[] = [
  ['BumpArena', making((keep) => arena(keep)), BUMP],
  ['BumpArenaLazy', making((keep) => keep(new BumpArenaLazy(CAPACITY))), BUMP],
  [
    'The allocator of a MemoryArena',
    making((keep) => keep(keep(new MemoryArena(CAPACITY)).allocator())),
    { ...BUMP, largest: Infinity },
  ],
  ['ScopedAllocator over the heap', making((keep) => keep(new ScopedAllocator(heap, CAPACITY))), BUMP],
  [
    'ScopedAllocator over a BumpArenaLazy',
    making((keep) => {
      const source = keep(new BumpArenaLazy(64 * KiB));
      source.alloc(3, 1);
      return keep(new ScopedAllocator(source, CAPACITY));
    }),
    BUMP,
  ],
  [
    'ScopedAllocator over a FreeList',
    making((keep) => keep(new ScopedAllocator(keep(new FreeList(heap, { blockSize: 8 * KiB, count: 2 })), CAPACITY))),
    BUMP,
  ],
  [
    'The scope of a ScopedAllocator',
    (use) => {
      using scoped = new ScopedAllocator(heap, CAPACITY);
      scoped.alloc(3, 1);
      scoped.scope(use);
    },
    { ...BUMP, largest: CAPACITY - 8 },
  ],
  [
    'A scope in a scope of a ScopedAllocator over a BumpArena',
    (use) => {
      using source = new BumpArena(2 * CAPACITY);
      using scoped = new ScopedAllocator(source, CAPACITY);
      scoped.scope((outer) => {
        outer.alloc(9);
        outer.scope(use);
      });
    },
    { ...BUMP, largest: CAPACITY - 16 },
  ],

  ['BumpAlloc', making(bumpAlloc), BUMP_ALLOC],
  ['BumpAlloc, attached to,', making(() => BumpAlloc.attach(bumpAlloc().handle)), BUMP_ALLOC],
  [
    'BumpAlloc that has room for more than a chunk',
    making(() => BumpAlloc.withSize(300 * KiB + 1)),
    { ...BUMP_ALLOC, largest: 300 * KiB + 1 },
  ],
  [
    'ScopedAllocator over a BumpAlloc',
    making((keep) => {
      const source = BumpAlloc.withSize(64 * KiB);
      source.alloc(3, 1);
      return keep(new ScopedAllocator(source, CAPACITY));
    }),
    BUMP,
  ],

  ['FreeList', making((keep) => list(keep)), FREE_LIST],
  ['FreeList over a BumpAlloc', making((keep) => keep(new FreeList(bumpAlloc(), LIST))), FREE_LIST],
  [
    'FreeList that grows over a BumpAlloc',
    making((keep) => keep(new FreeList(bumpAlloc(), GROWING))),
    { ...FREE_LIST, count: GROWING.maxCount },
  ],
  [
    'FreeList over a BumpArena',
    making((keep) => {
      const source = arena(keep);
      source.alloc(3, 1);
      return keep(new FreeList(source, LIST));
    }),
    FREE_LIST,
  ],
  ['FreeList that grows', making((keep) => list(keep, GROWING)), { ...FREE_LIST, count: GROWING.maxCount }],
  [
    'FreeList that grows until its BumpArena is full',
    making((keep) => keep(new FreeList(arena(keep), { blockSize: BLOCK, count: 4, maxCount: Infinity }))),
    { ...FREE_LIST, count: 64 },
  ],
  [
    'FreeList over a BumpArenaLazy that grows',
    making((keep) =>
      keep(new FreeList(keep(new BumpArenaLazy(2 ** 20)), { blockSize: 5000, count: 3, maxCount: 100 })),
    ),
    { ...FREE_LIST, largest: 5000, count: 100, maxAlign: 8 },
  ],
  [
    'FreeList over a FreeList',
    making((keep) => keep(new FreeList(keep(new FreeList(heap, { count: 2 })), LIST))),
    FREE_LIST,
  ],
  [
    'FreeList with blocks of 100 bytes',
    making((keep) => keep(new FreeList(heap, { blockSize: 100, count: COUNT }))),
    { ...FREE_LIST, largest: 100, maxAlign: 8 },
  ],
  ['heap', making(() => heap), HEAP],
  ['NullAllocator', making(() => new NullAllocator()), { largest: 0, takesBack: 'none' }],

  ['FallbackAllocator of a FreeList and the heap', making((keep) => new FallbackAllocator(list(keep), heap)), LAYERED],
  [
    'FallbackAllocator of a FreeList that takes block after block from the heap, and the heap',
    making((keep) => new FallbackAllocator(list(keep, { blockSize: BLOCK, count: 1, maxCount: 16 }), heap)),
    LAYERED,
  ],
  [
    'FallbackAllocator of a BumpArena and a FreeList',
    making((keep) => new FallbackAllocator(arena(keep), list(keep))),
    { ...BUMP, exact: false },
  ],
  [
    'FallbackAllocator of a FreeList and a BumpArena',
    making((keep) => new FallbackAllocator(list(keep), arena(keep))),
    { ...FREE_LIST, largest: CAPACITY, count: 1, maxAlign: 256, takesBack: 'last', lifetime: 'free' },
  ],
  [
    'FallbackAllocator of a FreeList over a BumpArena and that BumpArena',
    making((keep) => {
      const source = arena(keep);
      return new FallbackAllocator(keep(new FreeList(source, LIST)), source);
    }),
    { ...BUMP, largest: CAPACITY - COUNT * BLOCK, exact: false, layered: true },
  ],
  [
    'FallbackAllocator of a BumpAlloc and the heap',
    making(() => new FallbackAllocator(BumpAlloc.withSize(300), heap)),
    { ...BUMP_ALLOC, largest: Infinity },
  ],
  [
    'FallbackAllocator of a FreeList over a BumpAlloc and that BumpAlloc',
    making((keep) => {
      const source = bumpAlloc();
      return new FallbackAllocator(keep(new FreeList(source, LIST)), source);
    }),
    { ...BUMP_ALLOC, largest: CAPACITY - COUNT * BLOCK, exact: false, layered: true },
  ],
  [
    'FallbackAllocator of a NullAllocator and the heap',
    making(() => new FallbackAllocator(new NullAllocator(), heap)),
    HEAP,
  ],
  [
    'FallbackAllocator of the heap and a NullAllocator',
    making(() => new FallbackAllocator(heap, new NullAllocator())),
    HEAP,
  ],
  [
    'FallbackAllocator of two NullAllocators',
    making(() => new FallbackAllocator(new NullAllocator(), new NullAllocator())),
    { largest: 0, takesBack: 'none', lifetime: 'memory' },
  ],
  [
    'FallbackAllocator of a ScopedAllocator and an allocator of a MemoryArena',
    making(
      (keep) =>
        new FallbackAllocator(
          keep(new ScopedAllocator(heap, CAPACITY)),
          keep(keep(new MemoryArena(CAPACITY)).allocator()),
        ),
    ),
    { ...BUMP, largest: Infinity },
  ],
  [
    'FallbackAllocator of FallbackAllocators',
    making(
      (keep) =>
        new FallbackAllocator(
          new FallbackAllocator(list(keep, { blockSize: 32, count: 3 }), list(keep)),
          new FallbackAllocator(new NullAllocator(), list(keep, { blockSize: 128, count: 7 })),
        ),
    ),
    { ...FREE_LIST, largest: 128, count: 7, maxAlign: 32 },
  ],
  [
    "FallbackAllocator of a user's allocator and a FreeList",
    making((keep) => new FallbackAllocator(plainOwner(4), list(keep))),
    { ...FREE_LIST, largest: CAPACITY, count: 4, lifetime: 'unknown', ownErrors: true },
  ],

  ['ProxyAllocator over a BumpArena', making((keep) => new ProxyAllocator(arena(keep), logger)), BUMP],
  ['ProxyAllocator over a BumpAlloc', making(() => new ProxyAllocator(bumpAlloc(), logger)), BUMP_ALLOC],
  ['ProxyAllocator over a FreeList', making((keep) => new ProxyAllocator(list(keep), logger)), FREE_LIST],
  [
    "ProxyAllocator over a user's allocator that does not know its blocks",
    making(() => new ProxyAllocator(plainAllocator(), logger)),
    { ...USERS, owns: false },
  ],
  ['StatsAllocator over the heap', making(() => new StatsAllocator(heap)), HEAP],
  [
    'StatsAllocator over a ScopedAllocator',
    making((keep) => new StatsAllocator(keep(new ScopedAllocator(heap, CAPACITY)))),
    BUMP,
  ],
  ['StatsAllocator over a BumpAlloc', making(() => new StatsAllocator(bumpAlloc())), BUMP_ALLOC],
  ['StatsAllocator over a pool', making((keep) => new StatsAllocator(pool(keep))), LAYERED],
  [
    'StatsAllocator over a NullAllocator',
    making(() => new StatsAllocator(new NullAllocator())),
    { largest: 0, takesBack: 'none', lifetime: 'unknown' },
  ],

  [
    'Segregator of a FreeList and a BumpArena',
    making((keep) => new Segregator(32, list(keep), arena(keep))),
    { ...BUMP, exact: false, maxAlign: BLOCK },
  ],
  [
    'Segregator of a FreeList and a BumpAlloc',
    making((keep) => new Segregator(32, list(keep), bumpAlloc())),
    { ...BUMP_ALLOC, exact: false, maxAlign: BLOCK },
  ],
  ['Segregator of two FreeLists', making((keep) => new Segregator(24, list(keep), list(keep))), FREE_LIST],
  [
    'Segregator of a FreeList and the heap',
    making((keep) => new Segregator(BLOCK, list(keep), heap)),
    { ...LAYERED, maxAlign: BLOCK },
  ],
  ['Bucketizer of FreeLists', making(buckets), BUCKETS],
  [
    'Bucketizer of BumpArenas',
    making((keep) => new Bucketizer(SIZES, () => arena(keep))),
    { ...BUMP, largest: 256, count: 16 },
  ],
  ['A pool made of a Bucketizer of FreeLists and the heap', making(pool), LAYERED],

  ["A user's allocator", making(() => plainAllocator()), { ...USERS, owns: false }],
  ["A user's allocator that knows its blocks", making(() => plainOwner()), USERS],
];
