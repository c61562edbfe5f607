import {
  array,
  bool,
  Box,
  BumpArena,
  heap,
  KiB,
  MemoryArena,
  ref,
  ScopedAllocator,
  self,
  struct,
  u32,
  Vec,
} from '../../lib';
import type { Allocator, StructClass } from '../../lib';
import { codeOf } from '../arena/support';

const Leaf = struct({ value: u32 });
class Node extends struct({ id: u32, next: self, leaf: ref(() => Leaf) }) {}

interface Placing extends Allocator {
  readonly used: number;
  place<T extends object>(Struct: StructClass<T>, init?: object): T | null;
}

const PLACING: [string, (use: (allocator: Placing) => void) => void][] = [
  [
    'a BumpArena',
    (use) => {
      use(new BumpArena(64 * KiB));
    },
  ],
  [
    'an ArenaAllocator',
    (use) => {
      use(new MemoryArena(4 * KiB).allocator());
    },
  ],
  [
    'a Scope',
    (use) => {
      new ScopedAllocator(heap, 64 * KiB).scope(use);
    },
  ],
];

/** Wherever in a type a link can be. */
const LINKING: [string, unknown][] = [
  ['a struct that links to itself', Node],
  ['a struct that links to another', struct({ leaf: ref(() => Leaf) })],
  ['a struct with a list of links', struct({ all: array(self, 2) })],
  ['a struct in a struct', struct({ id: u32, inner: struct({ leaf: ref(() => Leaf) }) })],
  ['a struct in an array in a struct', struct({ nodes: array(Node, 2) })],
  ['an array of structs', array(Node, 2)],
  [
    'an array of links',
    array(
      ref(() => Leaf),
      2,
    ),
  ],
  [
    'an array of arrays of links',
    array(
      array(
        ref(() => Leaf),
        1,
      ),
      1,
    ),
  ],
  [
    'an empty array of links',
    array(
      ref(() => Leaf),
      0,
    ),
  ],
  ['self', self],
  ['a link', ref(() => Leaf)],
];

describe.each(LINKING)('Box and Vec of %s', (_name, type) => {
  it('are refused, since what is linked to might end before, and take no memory', () => {
    const arena = new BumpArena(1 * KiB);
    for (const attempt of [
      () => Box.newIn(arena, type as typeof bool),
      () => Box.newIn(heap, type as typeof bool, {} as never),
      () => Vec.newIn(arena, type as typeof bool),
      () => Vec.newIn(arena, type as typeof bool, 10),
    ]) {
      expect(codeOf(attempt)).toBe('ERR_INVALID_ARG_VALUE');
    }
    expect(arena.used).toBe(0);
  });
});

describe.each(PLACING)('A record in %s', (_name, inAllocator) => {
  it('links to nothing that is in a Box or a Vec, which may be freed', () => {
    inAllocator((arena) => {
      const record = arena.place(Node, { id: 1 })!;
      const box = Box.newIn(arena, Leaf, { value: 4 })!;
      const vec = Vec.newIn(arena, Leaf)!;
      vec.push({ value: 5 });
      const nested = Box.newIn(arena, struct({ leaf: Leaf }))!;
      const { used } = arena;
      for (const leaf of [box.value, vec.at(0), nested.value.leaf]) {
        expect(codeOf(() => (record.leaf = leaf))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
        expect(codeOf(() => arena.place(Node, { leaf }))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      }
      expect([arena.used, record.toObject()]).toMatchObject([used, { id: 1, next: null, leaf: null }]);
      const stale = box.value;
      box.free();
      expect(codeOf(() => (record.leaf = stale))).toBe('ERR_OFFHEAP_STALE');
    });
  });

  it('links to records beside Boxes and Vecs that come and go', () => {
    inAllocator((arena) => {
      const nodes: Node[] = [];
      for (let id = 0; id < 50; id++) {
        const box = Box.newIn(arena, Leaf, { value: id })!;
        nodes.push(arena.place(Node, { id, next: nodes.at(-1) ?? null })!);
        box.free();
        Vec.newIn(arena, Leaf, 3)!.free();
      }
      expect(nodes.slice(1).map(({ next }) => next!.id)).toEqual(nodes.slice(0, -1).map(({ id }) => id));
    });
  });

  it('is no element of a Box of the same struct, but its values are', () => {
    inAllocator((arena) => {
      const leaf = arena.place(Leaf, { value: 7 })!;
      const box = Box.newIn(arena, Leaf, leaf)!;
      leaf.value = 8;
      expect(box.value.value).toBe(7);
      box.value = leaf;
      expect(box.value.value).toBe(8);
    });
  });
});
