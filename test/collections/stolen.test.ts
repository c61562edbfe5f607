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
  Vec,
} from '../../lib';
import { codeOf, DETACHES } from '../arena/support';
import { Body, Plain, steal } from './support';

const proxied = (inner: BlockOwner): Allocator => new ProxyAllocator(inner, {});
const fallback = (inner: BlockOwner): Allocator => new FallbackAllocator(new NullAllocator(), inner);

/** Allocators whose memory is still there after somebody has taken the ArrayBuffer away. */
const LASTING: [string, () => Allocator][] = [
  ['a BumpArenaLazy', () => new BumpArenaLazy(256 * KiB)],
  ['an ArenaAllocator', () => new MemoryArena(4 * KiB).allocator()],
  ['a ScopedAllocator over a BumpArenaLazy', () => new ScopedAllocator(new BumpArenaLazy(256 * KiB), 16 * KiB)],
  [
    'a FreeList over a BumpArenaLazy',
    () => new FreeList(new BumpArenaLazy(256 * KiB), { blockSize: 4 * KiB, count: 8 }),
  ],
  ['a ProxyAllocator of a BumpArenaLazy', () => proxied(new BumpArenaLazy(256 * KiB))],
  ['a FallbackAllocator to a BumpArenaLazy', () => fallback(new BumpArenaLazy(256 * KiB))],
];

/** Allocators whose contents are gone with the ArrayBuffer. */
const LOSING: [string, () => Allocator][] = [
  ['the heap', () => heap],
  ['a BumpArena', () => new BumpArena(256 * KiB)],
  ['a ScopedAllocator over the heap', () => new ScopedAllocator(heap, 16 * KiB)],
  ['a FreeList over a BumpArena', () => new FreeList(new BumpArena(256 * KiB), { blockSize: 4 * KiB, count: 8 })],
  ['a ProxyAllocator of the heap', () => proxied(heap)],
  ['a FallbackAllocator to a BumpArena', () => fallback(new BumpArena(256 * KiB))],
  ['an allocator of a user’s own', () => new Plain(256 * KiB)],
];

type Numbers = Vec<number, number, Float64Array>;

/** Bytes of the ArrayBuffer that a Vec is in. */
function bytesOf(vec: Numbers): Uint8Array {
  const { buffer, byteOffset } = vec.elements;
  return new Uint8Array(buffer, byteOffset, 8);
}

/** A Vec that has no room left, and a Box of a record. */
function fill(allocator: Allocator) {
  const box = Box.newIn(allocator, Body, Body.from(7))!;
  const vec = Vec.newIn(allocator, f64, 8)!;
  vec.extend(Array.from({ length: vec.capacity }, (_, i) => i));
  return { box, body: box.value, vec };
}

describe.each(LASTING)('Box and Vec in %s, its ArrayBuffer taken away,', (_name, make) => {
  it('are as they were', async () => {
    const { box, body, vec } = fill(make());
    await steal(bytesOf(vec));
    expect([body.id, box.value.name, vec.at(1), vec.length]).toEqual([7, 'b7', 1, vec.capacity]);
    vec.set(1, 100);
    body.id = 8;
    expect([...vec.elements.subarray(0, 3), box.value.id]).toEqual([0, 100, 2, 8]);
    expect([vec.pop(), vec.push(5)]).toEqual([vec.capacity - 1, vec.capacity - 1]);
  });

  it('can grow as the next thing that happens', async () => {
    const { vec } = fill(make());
    const { length } = vec;
    await steal(bytesOf(vec));
    const index = vec.push(99);
    expect([length, -1]).toContain(index);
    expect(vec.at(index === -1 ? 0 : index)).toBe(index === -1 ? 0 : 99);
    expect([...vec].slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('can be freed as the next thing that happens', async () => {
    const { box, vec } = fill(make());
    await steal(bytesOf(vec));
    vec.free();
    box.free();
    for (const each of [vec, box]) {
      expect(
        codeOf(() => {
          each.free();
        }),
      ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    }
  });

  it('can be disposed of as the next thing that happens', async () => {
    const { box, vec } = fill(make());
    await steal(bytesOf(vec));
    vec[Symbol.dispose]();
    box[Symbol.dispose]();
    expect(codeOf(() => box.value)).toBe('ERR_OFFHEAP_STALE');
  });
});

describe.each(LOSING)('Box and Vec in %s, its ArrayBuffer taken away,', (_name, make) => {
  /** What happens first, since it is the first one to find out. */
  const FIRST: [string, (vec: Numbers) => unknown][] = [
    ['at', (vec) => vec.at(0)],
    [
      'set',
      (vec) => {
        vec.set(0, 1);
      },
    ],
    ['pop', (vec) => vec.pop()],
    ['push', (vec) => vec.push(1)],
    [
      'push where there is room',
      (vec) => {
        vec.truncate(1);
        return vec.push(1);
      },
    ],
    ['extend', (vec) => vec.extend([1, 2])],
    ['reserve', (vec) => vec.reserve(1000)],
    ['elements', (vec) => vec.elements],
    ['sort', (vec) => vec.sort()],
    ['sort by', (vec) => vec.sort((a, b) => b - a)],
    ['iterate', (vec) => [...vec]],
  ];

  it.each(FIRST)('are stale, as %s finds', async (_method, use) => {
    const { vec } = fill(make());
    await steal(bytesOf(vec));
    expect(codeOf(() => use(vec))).toBe('ERR_OFFHEAP_STALE');
    expect(codeOf(() => vec.at(0))).toBe('ERR_OFFHEAP_STALE');
  });

  it('are stale, as a Box finds', async () => {
    for (const first of [0, 1, 2]) {
      const allocator = make();
      const box = Box.newIn(allocator, Body, Body.from(7))!;
      const body = box.value;
      await steal(body.samples);
      const uses = [() => box.value.id, () => body.id, () => (box.value = { id: 1 })];
      expect(codeOf(uses[first]!)).toBe('ERR_OFFHEAP_STALE');
      expect(uses.map(codeOf)).toEqual(Array(3).fill('ERR_OFFHEAP_STALE'));
    }
  });

  it('have nothing to free, which is no misuse of the allocator', async () => {
    const { box, vec } = fill(make());
    await steal(bytesOf(vec));
    for (const each of [vec, box]) {
      // A FreeList takes its block back all the same.
      expect(
        codeOf(() => {
          each.free();
        }) ?? 'ERR_OFFHEAP_STALE',
      ).toBe('ERR_OFFHEAP_STALE');
    }
    expect(codeOf(() => box.value)).toBe('ERR_OFFHEAP_STALE');
  });

  it('can be disposed of as the next thing that happens, which does nothing', async () => {
    const { box, vec } = fill(make());
    await steal(bytesOf(vec));
    const lost = Box.newIn(heap, f64, 1)!;
    vec[Symbol.dispose]();
    box[Symbol.dispose]();
    box[Symbol.dispose]();
    lost.free();
  });
});

describe('What a Vec shows of itself', () => {
  it('can be taken away while it is empty, and nothing else breaks', () => {
    const other = Box.newIn(heap, f64, 5)!;
    const arena = new BumpArena(1 * KiB);
    const stale = Vec.newIn(arena, f64, 1)!;
    const empty = Vec.newIn(heap, f64)!;
    const buffer = empty.elements.buffer as ArrayBuffer;
    structuredClone(buffer, { transfer: [buffer] });
    arena.reset();
    expect(codeOf(() => stale.at(0))).toBe('ERR_OFFHEAP_STALE');
    expect([empty.push(1), other.value, Vec.newIn(heap, f64)!.elements.length]).toEqual([0, 5, 0]);
    expect([Box.newIn(heap, f64, 6)!.value, [...Vec.newIn(heap, f64)!]]).toEqual([6, []]);
    const record = Box.newIn(heap, Body)!;
    record.free();
    expect(codeOf(() => record.value)).toBe('ERR_OFFHEAP_STALE');
  });

  it('can be cloned, which is a copy', () => {
    const vec = Vec.newIn(heap, f64)!;
    vec.extend([1, 2, 3]);
    const clone = structuredClone(vec.elements);
    vec.set(0, 9);
    expect([...clone]).toEqual([1, 2, 3]);
  });

  it('is valid memory for whoever has taken it, whatever happens to the Vec', () => {
    for (const arena of [new BumpArena(64 * KiB), new BumpArenaLazy(64 * KiB)]) {
      const vec = Vec.newIn(arena, f64)!;
      vec.extend([1, 2, 3]);
      const { elements } = vec;
      const { byteOffset, length } = elements;
      const buffer = DETACHES ? (elements.buffer as ArrayBuffer).transfer() : elements.buffer;
      arena.dispose();
      const taken = new Float64Array(buffer, byteOffset, length).fill(7);
      expect([...taken]).toEqual([7, 7, 7]);
    }
  });
});
