import fc from 'fast-check';

import { BumpAlloc, BumpArena, BumpArenaLazy, FreeList, KiB, MemoryArena, MiB, ScopedAllocator } from '../../lib';
import { ALLOCATORS } from '../conformance/allocators';
import { type Factory, type Traits } from '../conformance/suite';
import { Model } from './allocators-model';
import { type Operation, rounds } from './allocators-operations';

const BUMP: Traits = { largest: 4099, exact: true, takesBack: 'last', lifetime: 'free' };
const FREE_LIST: Traits = { largest: 64, count: 33, maxAlign: 64, takesBack: 'every', lifetime: 'free' };

const memory = new MemoryArena(8 * KiB);
const lazy = new BumpArenaLazy(MiB);
const arena = new BumpArena(8 * KiB);
const alloc = BumpAlloc.withSize(256 * MiB);
const blocks = new FreeList(new BumpArena(MiB), { blockSize: 8 * KiB, count: 4 });

/** Made again and again over the same memory, which they have to leave as they found it. */
const AGAIN: readonly (readonly [name: string, factory: Factory, traits: Traits])[] = [
  [
    'The allocator of the same MemoryArena',
    (use) => {
      using allocator = memory.allocator();
      use(allocator);
    },
    { ...BUMP, largest: Infinity },
  ],
  [
    'FreeList over the same BumpArenaLazy',
    (use) => {
      expect(lazy.used).toBe(0);
      using list = new FreeList(lazy, { blockSize: 64, count: 5, maxCount: 33 });
      use(list);
    },
    FREE_LIST,
  ],
  [
    'ScopedAllocator over the same BumpArena',
    (use) => {
      expect(arena.used).toBe(0);
      using scoped = new ScopedAllocator(arena, 4099);
      use(scoped);
    },
    BUMP,
  ],
  [
    'The same BumpAlloc',
    (use) => {
      use(alloc);
    },
    { largest: Infinity, exact: true, takesBack: 'none', lifetime: 'memory', givesUp: false },
  ],
  [
    'ScopedAllocator over the same BumpAlloc',
    (use) => {
      using scoped = new ScopedAllocator(alloc, 4099);
      use(scoped);
    },
    BUMP,
  ],
  [
    'ScopedAllocator over the same FreeList',
    (use) => {
      expect(blocks.live).toBe(0);
      using scoped = new ScopedAllocator(blocks, 4099);
      use(scoped);
    },
    BUMP,
  ],
];

/** What allocators of the package have failed at. */
const FOUND: readonly Operation[][] = [
  // Empty blocks beside the pointer, and above it.
  [
    { do: 'alloc', size: 3, align: 1 },
    { do: 'alloc', size: 0 },
    { do: 'alloc', size: 0, align: 4096 },
  ],
  // An empty block that is above the pointer after another one was freed.
  [
    { do: 'alloc', size: 33, align: 1 },
    { do: 'alloc', size: 0, align: 1 },
    { do: 'free', at: 0 },
    { do: 'realloc', at: 0, size: 8 },
  ],
  // A block around the place of an empty one whose lifetime is known.
  [
    { do: 'alloc', size: 1 },
    { do: 'alloc', size: 0, align: 128 },
    { do: 'ask for the lifetime', at: 0.5 },
    { do: 'alloc', size: 128 },
    { do: 'free', at: 0.9 },
  ],
  // The pointer comes back to the start, but the arena does not start over.
  [
    { do: 'alloc', size: 8 },
    { do: 'alloc', size: 0 },
    { do: 'ask for the lifetime', at: 0.5 },
    { do: 'free', at: 0 },
  ],
  // A block from outside is freed in a scope, and a checkpoint is taken below where the scope began.
  [
    { do: 'alloc', size: 256, align: 1 },
    {
      do: 'scope',
      operations: [
        { do: 'free', at: 0 },
        { do: 'checkpoint' },
        { do: 'alloc', size: 1 },
        { do: 'ask for the lifetime', at: 0 },
      ],
      fails: false,
    },
  ],
];

const NUMBER_OF_RUNS = 40;

describe.each([...ALLOCATORS, ...AGAIN])('%s, by random operations,', (_name, factory, traits) => {
  it('behaves as its model', () => {
    fc.assert(
      fc.property(rounds, (each) => {
        for (const operations of each) {
          factory((allocator) => {
            const model = new Model(allocator, traits);
            for (const operation of operations) {
              model.apply(operation);
            }
            model.finish();
          });
        }
      }),
      { numRuns: NUMBER_OF_RUNS, examples: FOUND.map((operations) => [[operations]]) },
    );
  });
});
