import {
  type Allocator,
  type BlockOwner,
  Box,
  BumpArena,
  BumpArenaLazy,
  f64,
  FallbackAllocator,
  FreeList,
  heap,
  KiB,
  MemoryArena,
  NullAllocator,
  ProxyAllocator,
  ScopedAllocator,
  Segregator,
  StatsAllocator,
  Vec,
} from '../../lib';
import { codeOf } from '../arena/support';
import { Body, Point, Wrapper } from './support';

/** What takes the memory of all blocks back, and an allocator over that memory. */
type Source = () => { allocator: BlockOwner; end: () => void };

const arenas = [BumpArena, BumpArenaLazy].flatMap((Arena): [string, Source][] =>
  (['reset', 'renew', 'resetUnsafe', 'dispose'] as const).map((way) => [
    `${way} of a ${Arena.name}`,
    () => {
      const allocator = new Arena(64 * KiB);
      return {
        allocator,
        end: () => {
          allocator[way]();
        },
      };
    },
  ]),
);

const SOURCES: [string, Source][] = [
  ...arenas,
  [
    'rewind of a BumpArena',
    () => {
      const allocator = new BumpArena(64 * KiB);
      allocator.alloc(100);
      const checkpoint = allocator.checkpoint();
      return {
        allocator,
        end: () => {
          allocator.rewind(checkpoint);
        },
      };
    },
  ],
  [
    'dispose of an ArenaAllocator',
    () => {
      const allocator = new MemoryArena(4 * KiB).allocator();
      return {
        allocator,
        end: () => {
          allocator.dispose();
        },
      };
    },
  ],
  [
    'dispose of a MemoryArena',
    () => {
      const arena = new MemoryArena(4 * KiB);
      return {
        allocator: arena.allocator(),
        end: () => {
          arena.dispose();
        },
      };
    },
  ],
  [
    'dispose of a ScopedAllocator',
    () => {
      const allocator = new ScopedAllocator(heap, 16 * KiB);
      return {
        allocator,
        end: () => {
          allocator.dispose();
        },
      };
    },
  ],
  [
    'reset of the arena that a ScopedAllocator is over',
    () => {
      const arena = new BumpArena(64 * KiB);
      return {
        allocator: new ScopedAllocator(arena, 32 * KiB),
        end: () => {
          arena.reset();
        },
      };
    },
  ],
  [
    'dispose of a FreeList',
    () => {
      const allocator = new FreeList(heap, { blockSize: 512 });
      return {
        allocator,
        end: () => {
          allocator.dispose();
        },
      };
    },
  ],
  [
    'reset of the arena that a FreeList is over',
    () => {
      const arena = new BumpArena(64 * KiB);
      return {
        allocator: new FreeList(arena, { blockSize: 512 }),
        end: () => {
          arena.reset();
        },
      };
    },
  ],
];

const WRAPPERS: [string, (inner: BlockOwner) => Allocator][] = [
  ['', (inner) => inner],
  [', through a ProxyAllocator', (inner) => new ProxyAllocator(inner, {})],
  [', through a StatsAllocator', (inner) => new StatsAllocator(inner)],
  [', through a FallbackAllocator', (inner) => new FallbackAllocator(new NullAllocator(), inner)],
  [', through a Segregator', (inner) => new Segregator(0, new NullAllocator(), inner)],
  [', through one of a user’s own', (inner) => new Wrapper(inner)],
  [', through all of them', (inner) => new Wrapper(new StatsAllocator(new FallbackAllocator(inner, heap)))],
];

type Numbers = Vec<number, number, Float64Array>;

/** Every way to use what is stale, by name. */
function usesOf(numbers: Numbers, records: Vec<Body, object>, box: Box<Body, object>, body: Body, element: Body) {
  return {
    'box.value': () => box.value,
    'box.value =': () => (box.value = { id: 1 }),
    'box.free': () => {
      box.free();
    },
    'body.id': () => body.id,
    'body.id =': () => (body.id = 9),
    'body.samples': () => body.samples,
    'body.move': () => body.move(1),
    'element.id': () => element.id,
    at: () => numbers.at(0),
    'at, beyond': () => numbers.at(99),
    set: () => {
      numbers.set(0, 1);
    },
    push: () => numbers.push(1),
    'push of a record': () => records.push(Body.from(1)),
    extend: () => numbers.extend([1]),
    'extend, by nothing': () => numbers.extend([]),
    'extend, typed': () => numbers.extend(new Float64Array(2)),
    pop: () => numbers.pop(),
    'pop of a record': () => records.pop(),
    length: () => numbers.length,
    capacity: () => numbers.capacity,
    isEmpty: () => numbers.isEmpty,
    elements: () => numbers.elements,
    iterate: () => [...records],
    reserve: () => numbers.reserve(1),
    truncate: () => {
      numbers.truncate(0);
    },
    clear: () => {
      numbers.clear();
    },
    sort: () => numbers.sort(),
    'sort by': () => records.sort((a, b) => a.id - b.id),
    free: () => {
      numbers.free();
    },
  };
}

describe.each(WRAPPERS)('Box and Vec%s', (_how, wrap) => {
  it.each(SOURCES)('are stale after %s, and there is nothing to free', (_way, source) => {
    const { allocator, end } = source();
    const wrapped = wrap(allocator);
    const box = Box.newIn(wrapped, Body, Body.from(1))!;
    const numbers = Vec.newIn(wrapped, f64)!;
    numbers.extend([3, 1, 2]);
    const records = Vec.newIn(wrapped, Body)!;
    records.push(Body.from(2));
    const [body, element] = [box.value, records.at(0)];
    const iterator = numbers[Symbol.iterator]();
    iterator.next();
    expect([body.id, element.id, ...numbers]).toEqual([1, 2, 3, 1, 2]);
    end();
    const uses = { ...usesOf(numbers, records, box, body, element), 'iterator.next': () => iterator.next() };
    const codes = Object.entries(uses).map(([name, use]) => [name, codeOf(use)]);
    expect(codes).toEqual(Object.keys(uses).map((name) => [name, 'ERR_OFFHEAP_STALE']));
    for (const each of [box, numbers, records]) {
      each[Symbol.dispose]();
      each[Symbol.dispose]();
      expect(
        codeOf(() => {
          each.free();
        }),
      ).toBe('ERR_OFFHEAP_STALE');
    }
  });
});

describe('Box and Vec in scopes', () => {
  it('are stale after the one that they were made in, though what comes after lies in their place', () => {
    const scoped = new ScopedAllocator(heap, 16 * KiB);
    const arena = new BumpArena(16 * KiB);
    for (const allocator of [scoped, arena]) {
      const outer = Box.newIn(allocator, f64, 1)!;
      const inner = (allocator.scope as (fn: (each: Allocator) => unknown) => unknown).call(
        allocator,
        (each: Allocator) => {
          const vec = Vec.newIn(each, Point)!;
          vec.push({ x: 1, y: 2 });
          expect([vec.at(0).y, outer.value]).toEqual([2, 1]);
          return [Box.newIn(each, f64, 2)!, vec];
        },
      ) as [Box<number>, Vec<object>];
      const after = [Vec.newIn(allocator, f64, 10)!, Box.newIn(allocator, f64, 3)!] as const;
      after[0].extend([4, 5]);
      expect(codeOf(() => inner[0].value)).toBe('ERR_OFFHEAP_STALE');
      expect(codeOf(() => inner[1].at(0))).toBe('ERR_OFFHEAP_STALE');
      inner.forEach((each) => {
        each[Symbol.dispose]();
      });
      expect([outer.value, ...after[0], after[1].value]).toEqual([1, 4, 5, 3]);
    }
  });

  it('of a ScopedAllocator cannot be freed while an inner one is open, and can afterwards', () => {
    const scoped = new ScopedAllocator(heap, 16 * KiB);
    const box = Box.newIn(scoped, f64, 1)!;
    const vec = Vec.newIn(scoped, f64, 2)!;
    vec.push(5);
    scoped.scope(() => {
      for (const use of [
        () => {
          box.free();
        },
        () => {
          vec.free();
        },
        () => vec.reserve(100),
        () => Box.newIn(scoped, f64),
      ]) {
        expect(codeOf(use)).toBe('ERR_OFFHEAP_SCOPED');
      }
      expect([box.value, vec.push(6), ...vec]).toEqual([1, 1, 5, 6]);
    });
    expect([box.value, ...vec]).toEqual([1, 5, 6]);
    expect(vec.reserve(100)).toBe(true);
    box.free();
    vec.free();
  });

  it('are fine beyond one in which they were not touched', () => {
    const arena = new BumpArena(16 * KiB);
    const vec = Vec.newIn(arena, f64, 4)!;
    arena.scope(() => {
      vec.extend([1, 2, 3, 4]); // there is room
      arena.alloc(1000)!.fill(0xff);
    });
    expect([...vec]).toEqual([1, 2, 3, 4]);
  });

  it('leave a Vec stale that has grown in one, in place or by moving', () => {
    for (const between of [0, 8]) {
      const arena = new BumpArena(16 * KiB);
      const vec = Vec.newIn(arena, Point, 4)!;
      vec.push({ x: 1 });
      const [first] = vec;
      arena.alloc(between);
      arena.scope(() => {
        expect(vec.reserve(100)).toBe(true);
        // In place the memory is the same, but it ends with the scope now.
        expect([vec.at(0).x, vec.capacity]).toEqual([1, 100]);
        expect(codeOf(() => first!.x)).toBe(between === 0 ? undefined : 'ERR_OFFHEAP_STALE');
      });
      expect(codeOf(() => vec.at(0))).toBe('ERR_OFFHEAP_STALE');
      expect([() => vec.length, () => first!.x].map(codeOf)).toEqual(Array(2).fill('ERR_OFFHEAP_STALE'));
      vec[Symbol.dispose]();
      expect(arena.used).toBe(64 + between);
    }
  });
});

it('Boxes that were freed make room for others in a FreeList', () => {
  const list = new FreeList(heap, { blockSize: 64, count: 2 });
  for (let i = 0; i < 10_000; i++) {
    Box.newIn(list, f64, i)!.free();
  }
  expect([list.live, list.count]).toEqual([0, 2]);
});
