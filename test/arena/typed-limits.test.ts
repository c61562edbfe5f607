import { constants } from 'node:buffer';

import {
  array,
  BumpArenaLazy,
  bytes,
  f64,
  GiB,
  i128,
  KiB,
  layoutOf,
  memoryUsage,
  MiB,
  oneOf,
  ref,
  self,
  str,
  struct,
  text,
  type TypedArena,
  TypedArenaLazy,
  u16,
  u32,
  u8,
} from '../../lib';
import { recordsOfArena } from '../../lib/arena/typed-arena';
import { codeOf } from './support';
import { type Define, TYPED } from './typed-support';

/** Where 32 bits end, with a sign and without; ArrayBuffers of Node 20 end there, too. */
const LIMITS = constants.MAX_LENGTH > 4 * GiB ? [2 * GiB, 4 * GiB] : [2 * GiB];
/** A plain ArrayBuffer counts as memory with systems that do not overcommit. */
const EAGER_LIMITS = [2 * GiB];
const MAX_RESIDENT = 256 * MiB;

/**
 * Brings an arena to where it would be after so many pushes, without touching the memory: pushing writes all bytes of a
 * record, and GiBs of them would be resident.
 */
function jump(arena: TypedArena<object>, length: number): void {
  const records = recordsOfArena(arena);
  expect(records.reserve(length)).toBe(true);
  records.memory.length = length;
}

/** A record so large that 32,768 of them are 2 GiB, which can be visited one by one. */
function defineLarge(define: Define) {
  const Vec = define({ x: f64, y: f64 });
  return define({
    id: u32,
    mass: f64,
    next: self,
    name: text,
    tag: str(16),
    kind: oneOf('a', 'b'),
    position: Vec,
    path: array(u16, 4),
    marks: array(oneOf('x', 'y'), 3),
    wide: i128,
    data: bytes(64 * KiB),
  });
}

describe.each(TYPED)('%s', (_title, { Arena, define, isLazy }) => {
  describe.each(isLazy ? LIMITS : EAGER_LIMITS)('on both sides of %d bytes', (limit) => {
    it('has all fields of its records', () => {
      const Large = defineLarge(define);
      const { size } = layoutOf(Large);
      const first = Math.floor(limit / size) - 2;
      const indices = [0, 1, 2, 3, 4].map((i) => first + i);
      using arena = new Arena(Large, first + 5, { textBytes: 1 * KiB });
      jump(arena, first);
      const before = process.memoryUsage.rss();
      const lowest = arena.at(0);

      const data = (index: number): Buffer => Buffer.from([index % 251, 1]);
      for (const [i, index] of indices.entries()) {
        const init = {
          id: index,
          mass: index / 2,
          next: i === 0 ? lowest : arena.at(index - 1),
          name: `record ${index}`,
          tag: `tag ${index}`,
          kind: 'b',
          position: { x: index, y: -index },
          path: [1, 2, 3, i],
          marks: ['y', 'x', 'y'],
          wide: BigInt(index) << 70n,
          data: data(index),
        } as const;
        const { id, mass, next, name, tag, kind, position, path, marks, wide } = init;
        const added =
          i % 2 === 0
            ? arena.push(init)
            : arena.pushValues(id, mass, next, name, tag, kind, position, path, marks, wide, init.data);
        expect(added).toBe(index);
      }
      expect([arena.push({}), arena.alloc(), arena.length]).toEqual([-1, null, first + 5]);

      lowest.next = arena.at(first + 4);
      expect(lowest.next.id).toBe(first + 4);
      expect(indices.map((index) => arena.indexOf(arena.at(index)))).toEqual(indices);
      for (const index of indices) {
        const record = arena.at(index);
        expect([record.id, record.mass, record.name, record.tag, record.kind]).toEqual([
          ...[index, index / 2, `record ${index}`, `tag ${index}`, 'b'],
        ]);
        expect(arena.indexOf(record.next!)).toBe(index === first ? 0 : index - 1);
        expect(record.position.toObject()).toEqual({ x: index, y: -index });
        expect([[...record.path], [...record.marks]]).toEqual([
          [1, 2, 3, index - first],
          ['y', 'x', 'y'],
        ]);
        expect(record.wide).toBe(BigInt(index) << 70n);
        const { data: view } = record as unknown as { data: Buffer };
        expect([view.length, view[0], view[1], view[2], view.at(-1)]).toEqual([64 * KiB, index % 251, 1, 0, 0]);
        view[64 * KiB - 1] = 7;
        record.mass = -1;
        record.position.x = 5;
        record.marks.set(['x', 'y'], 1);
        record.name += ' changed';
        record.wide = 3n;
        expect(record.toObject()).toMatchObject({ mass: -1, position: { x: 5 }, marks: ['y', 'x', 'y'], wide: 3n });
        expect([record.name, record.id]).toEqual([`record ${index} changed`, index]);
      }

      const ids = arena.column('id');
      const copied = new Uint32Array(10);
      expect([ids.copyTo(copied, first), ...copied.subarray(0, 5)]).toEqual([5, ...indices]);
      expect([ids.at(first + 4), ids.at(1), arena.column('name').at(first + 3)]).toEqual([
        ...[first + 4, 0, `record ${first + 3} changed`],
      ]);
      let [count, sum] = [0, 0];
      arena.forEach((record, index) => {
        count++;
        sum += record.id === 0 ? 0 : record.id - index + 1;
      });
      expect([count, sum]).toEqual([first + 5, 5]);
      expect(process.memoryUsage.rss() - before).toBeLessThan(MAX_RESIDENT);

      arena.reset();
      expect(codeOf(() => lowest.id)).toBe('ERR_OFFHEAP_STALE');
      expect([arena.push({ id: 9 }), arena.at(0).id, arena.at(0).next]).toEqual([0, 9, null]);
    });

    it('has as many records as there are bytes', () => {
      const Byte = define({ value: u8 });
      const first = limit - 3;
      using arena = new Arena(Byte, limit + 3);
      jump(arena, first);
      const low = arena.at(0);
      for (let i = 0; i < 6; i++) {
        expect(i % 2 === 0 ? arena.push({ value: 10 + i }) : arena.pushValues(10 + i)).toBe(first + i);
      }
      expect([arena.push({ value: 1 }), arena.length, arena.used]).toEqual([-1, limit + 3, limit + 3]);
      const values = arena.column('value');
      for (let i = 0; i < 6; i++) {
        const record = arena.at(first + i);
        expect([record.value, values.at(first + i), arena.indexOf(record)]).toEqual([10 + i, 10 + i, first + i]);
        record.value++;
      }
      const copied = new Uint8Array(6);
      expect([values.copyTo(copied, first), ...copied]).toEqual([6, 11, 12, 13, 14, 15, 16]);
      expect([low.value, arena.at(1).value, codeOf(() => arena.at(limit + 3))]).toEqual([0, 0, 'ERR_OUT_OF_RANGE']);
    });
  });
});

describe.each(LIMITS)('BumpArenaLazy, on both sides of %d bytes,', (limit) => {
  const Point = struct({ x: f64, wide: i128, data: bytes(5) });
  class Node extends struct({ id: u32, point: ref(() => Point), next: self, tag: str(9), list: array(str(3), 2) }) {}

  it('places records, which link to each other', () => {
    using arena = new BumpArenaLazy(
      constants.MAX_LENGTH > 4 * GiB ? limit + 1 * MiB : Math.min(limit + 1 * MiB, 4 * GiB),
    );
    const low = arena.place(Node, { id: 1 })!;
    arena.allocOffset(limit - 200 - arena.used);
    const checkpoint = arena.checkpoint();
    const nodes = [low];
    const points = [];
    while (arena.used < limit + 500) {
      const point = arena.place(Point, { x: nodes.length, wide: 1n << 100n, data: Buffer.from([nodes.length]) })!;
      points.push(point);
      nodes.push(arena.place(Node, { id: nodes.length, point, next: nodes.at(-1)!, tag: `node ${nodes.length}` })!);
      expect(arena.alloc(3)!.fill(255)).toHaveLength(3);
    }
    expect(nodes.length).toBeGreaterThan(5);
    for (const [i, node] of nodes.entries()) {
      if (i > 0) {
        node.list.set([`${i}`, 'b']);
        points[i - 1]!.x += 0.5;
        const { data, ...rest } = node.point!.toObject();
        expect(rest).toEqual({ x: i + 0.5, wide: 1n << 100n });
        expect([...(data as Iterable<number>)]).toEqual([i, 0, 0, 0, 0]);
        expect([node.id, node.tag, node.list.at(0), node.list.at(1)]).toEqual([i, `node ${i}`, `${i}`, 'b']);
        expect(node.next!.id).toBe(Math.max(i - 1, 1));
      }
    }
    expect(codeOf(() => (low.next = nodes.at(-1)!))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    arena.rewind(checkpoint);
    expect(nodes.map((node) => codeOf(() => node.id))).toEqual([undefined, ...points.map(() => 'ERR_OFFHEAP_STALE')]);
    const again = arena.place(Node, { id: 2 })!;
    expect(again.toObject()).toEqual({ id: 2, point: null, next: null, tag: '', list: ['', ''] });
    expect(arena.resident).toBeLessThan(MAX_RESIDENT);
  });
});

describe('TypedArenaLazy', () => {
  it('has room for a billion records, and no memory yet', () => {
    const before = process.memoryUsage.rss();
    const usage = memoryUsage().kinds.typedArena;
    using arena = new TypedArenaLazy(struct({ value: u32 }), 1e9);
    expect([arena.capacity, arena.committed]).toEqual([1e9, 0]);
    expect(memoryUsage().kinds.typedArena.reserved - usage.reserved).toBeGreaterThanOrEqual(4e9);
    expect(memoryUsage().kinds.typedArena.committed).toBe(usage.committed);
    arena.push({ value: 1 });
    expect(arena.committed).toBe(64 * KiB);
    expect(process.memoryUsage.rss() - before).toBeLessThan(4 * MiB);
  });

  it('refuses more than the runtime has buffers for, or the system addresses', () => {
    const Wide = struct({ value: i128 });
    expect(codeOf(() => new TypedArenaLazy(Wide, Math.floor(constants.MAX_LENGTH / 16) + 1))).toBe(
      'ERR_OFFHEAP_TOO_LARGE',
    );
    expect(codeOf(() => new TypedArenaLazy(Wide, 2 ** 48))).toBe(
      constants.MAX_LENGTH < 2 ** 52 ? 'ERR_OFFHEAP_TOO_LARGE' : 'ERR_OFFHEAP_OS',
    );
  });

  it('takes texts beyond its records, as many bytes as it was told', () => {
    using arena = new TypedArenaLazy(struct({ name: text }), 10, { textBytes: 1 * GiB });
    expect(arena.committed).toBe(0);
    const long = 'ü'.repeat(1 * MiB);
    for (let i = 0; i < 10; i++) {
      arena.push({ name: long });
    }
    expect(arena.used).toBe(10 * 16 + 20 * MiB);
    expect(arena.at(9).name === long).toBe(true);
  });
});
