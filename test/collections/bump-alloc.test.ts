import {
  Box,
  BumpAlloc,
  f64,
  type FieldType,
  FreeList,
  i64,
  KiB,
  MiB,
  ScopedAllocator,
  self,
  struct,
  u32,
  u64,
  Vec,
} from '../../lib';
import { codeOf } from '../arena/support';
import { Body } from './support';

const COUNTS = [100, 65_535];

/** The indices below `count`. */
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const Pair = struct({ id: u32, weight: f64 });

/** Field types of which each has a value for every index. */
const TYPES: [string, FieldType, (i: number) => unknown][] = [
  ['u32', u32, (i: number) => (i * 2_654_435_761) >>> 0],
  ['u64', u64, (i: number) => 2n ** 64n - 1n - BigInt(i)],
  ['i64', i64, (i: number) => (-1n) ** BigInt(i) * BigInt(i)],
  ['f64', f64, (i: number) => i / 3 - 1000],
];

/** A Vec's numbers, whose type is not known here. */
function elementsOf(vec: { readonly elements: unknown }): NodeJS.TypedArray {
  return vec.elements as NodeJS.TypedArray;
}

describe.each(COUNTS)('%i elements in a BumpAlloc,', (count) => {
  describe.each(TYPES)('of %s,', (_name, type, valueOf) => {
    const values: unknown[] = upTo(count).map(valueOf);

    it('are pushed into a Vec that grows where it is, and popped again', () => {
      const alloc = BumpAlloc.withSize(4 * MiB);
      const vec = Vec.newIn(alloc, type)!;
      expect(values.every((value, i) => vec.push(value) === i)).toBe(true);
      expect([...vec]).toEqual(values);
      // Nothing else was allocated, so that the Vec has never moved and left nothing behind.
      const elements = elementsOf(vec);
      expect(alloc.allocated).toBe(vec.capacity * elements.BYTES_PER_ELEMENT);
      expect([elements.byteOffset, alloc.owns(elements)]).toEqual([0, true]);
      expect(upTo(count).map(() => vec.pop())).toEqual([...values].reverse());
      expect([vec.length, vec.pop()]).toEqual([0, undefined]);
      vec.free();
      expect(codeOf(() => vec.length)).toBe('ERR_OFFHEAP_STALE');
    });

    it('fill a Vec of their number exactly', () => {
      const size = type === u32 ? 4 : 8;
      const alloc = BumpAlloc.withSize(count * size);
      const vec = Vec.newIn(alloc, type, count)!;
      expect([vec.extend(values), alloc.remaining, [...vec]]).toEqual([0, 0, values]);
      expect([vec.push(values[0]), Vec.newIn(alloc, u32, 1)]).toEqual([-1, null]);
      expect([...vec]).toEqual(values);
    });

    it('are kept by boxes, each of its own', () => {
      const alloc = BumpAlloc.withSize(4 * MiB);
      const boxes = values.map((value) => Box.newIn(alloc, type, value)!);
      expect(boxes.map((box) => box.value)).toEqual(values);
      boxes[count - 1]!.value = values[0];
      expect([boxes[count - 1]!.value, boxes[count - 2]!.value, boxes[0]!.value]).toEqual([
        ...[values[0], values[count - 2], values[0]],
      ]);
      const before = alloc.allocated;
      for (const box of boxes) {
        box.free();
      }
      expect([alloc.allocated, codeOf(() => boxes[0]!.value)]).toEqual([before, 'ERR_OFFHEAP_STALE']);
    });

    it('are the same in a Vec that moves, for others take what follows', () => {
      const alloc = BumpAlloc.withSize(16 * MiB);
      const vec = Vec.newIn(alloc, type)!;
      const between: Buffer[] = [];
      for (const [i, value] of values.entries()) {
        vec.push(value);
        if ((i & (i - 1)) === 0) {
          between.push(alloc.alloc(20)!.fill(between.length));
        }
      }
      expect([...vec]).toEqual(values);
      expect(between.every((block, i) => block.every((byte) => byte === i))).toBe(true);
      expect(elementsOf(vec).byteOffset).toBeGreaterThan(0);
    });
  });

  it('are linked to each other as records', () => {
    const alloc = BumpAlloc.withSize(4 * MiB);
    const Node = struct({ value: u32, next: self });
    let head: InstanceType<typeof Node> | null = null;
    for (let value = 0; value < count; value++) {
      head = alloc.place(Node, { value, next: head });
    }
    let expected = count;
    for (let node = head; node !== null; node = node.next) {
      expected--;
      if (node.value !== expected) {
        expect(node.value).toBe(expected);
      }
    }
    expect([expected, alloc.allocated]).toEqual([0, 16 * count]);
  });

  it('of a struct, are pushed, changed, sorted and popped', () => {
    const alloc = BumpAlloc.withSize(4 * MiB);
    const vec = Vec.newIn(alloc, Pair)!;
    for (const id of upTo(count)) {
      vec.push({ id, weight: -id / 3 });
    }
    expect(upTo(count).every((id) => vec.at(id).id === id && vec.at(id).weight === -id / 3)).toBe(true);
    vec.at(5).weight = 1e9;
    const first = vec.at(0);
    vec.sort((a, b) => a.weight - b.weight);
    expect([vec.at(count - 1).id, vec.at(0).id, first.id]).toEqual([5, count - 1, count - 1]);
    const weights = Array.from(vec, ({ weight }) => weight);
    expect(weights.every((weight, i) => i === 0 || weights[i - 1]! <= weight)).toBe(true);
    expect([vec.pop(), vec.length]).toEqual([{ id: 5, weight: 1e9 }, count - 1]);
  });

  it('are sorted as numbers', () => {
    const vec = Vec.newIn(BumpAlloc.withSize(4 * MiB), f64)!;
    const values = upTo(count).map((i) => Math.sin(i) * i);
    vec.extend(values);
    vec.sort((a, b) => a - b);
    expect([...vec]).toEqual([...values].sort((a, b) => a - b));
  });

  it('of a class, are boxed beside one Vec of them', () => {
    const alloc = BumpAlloc.withSize(16 * MiB);
    const vec = Vec.newIn(alloc, Body, count)!;
    const boxes = upTo(count).map((id) => {
      vec.push(Body.from(id % 1000));
      return Box.newIn(alloc, Body, Body.from(id % 1000))!;
    });
    for (const [i, { value }] of boxes.entries()) {
      if (value.id !== i % 1000 || value.at.y !== -(i % 1000) || vec.at(i).name !== value.name) {
        expect([i, value.toObject()]).toEqual([i, Body.from(i % 1000)]);
      }
    }
    boxes[7]!.value.move(100);
    expect([boxes[7]!.value.at.x, vec.at(7).at.x, boxes[8]!.value.at.x]).toEqual([107, 7, 8]);
  });
});

describe('Collections in a BumpAlloc', () => {
  it('leave a Vec as it was when there is no room for it to grow', () => {
    const alloc = BumpAlloc.withSize(87);
    const vec = Vec.newIn(alloc, f64, 10)!;
    vec.extend(upTo(10));
    const { allocated } = alloc;
    expect([vec.push(10), vec.extend([1, 2, 3]), vec.reserve(11), alloc.allocated]).toEqual([-1, -1, false, allocated]);
    expect([[...vec], Box.newIn(alloc, struct({ a: f64, b: f64, c: f64 }), {})]).toEqual([upTo(10), null]);
  });

  it('grow side by side, each with values of its own', () => {
    const alloc = BumpAlloc.withSize(16 * MiB);
    const vecs = upTo(20).map(() => Vec.newIn(alloc, u32)!);
    for (let i = 0; i < 5000; i++) {
      for (const [which, vec] of vecs.entries()) {
        vec.push(which * 10_000 + i);
      }
    }
    expect(vecs.map((vec) => [...vec])).toEqual(vecs.map((_vec, which) => upTo(5000).map((i) => which * 10_000 + i)));
  });

  it('live in allocators that take their memory from it', () => {
    const alloc = BumpAlloc.withSize(1 * MiB);
    const list = new FreeList(alloc, { blockSize: 4 * KiB, count: 8 });
    const scoped = new ScopedAllocator(alloc, 64 * KiB);
    const vecs = [list, scoped].map((source) => {
      const vec = Vec.newIn(source, f64)!;
      vec.extend(upTo(400));
      return vec;
    });
    expect(vecs.map((vec) => [[...vec], alloc.owns(vec.elements)])).toEqual(vecs.map(() => [upTo(400), true]));
    const box = scoped.scope((inner) => Box.newIn(inner, f64, 5)!);
    expect(codeOf(() => box.value)).toBe('ERR_OFFHEAP_STALE');
    vecs[0]!.free();
    expect(list.live).toBe(0);
    scoped.dispose();
    expect(codeOf(() => vecs[1]!.length)).toBe('ERR_OFFHEAP_STALE');
  });

  it('outlive every reference to it', () => {
    const make = (): Vec<number> => {
      const vec = Vec.newIn(BumpAlloc.withSize(1 * MiB), f64)!;
      vec.extend(upTo(1000));
      return vec;
    };
    const vecs = upTo(50).map(make);
    expect(vecs.map((vec) => [...vec, vec.push(1000), vec.length])).toEqual(vecs.map(() => [...upTo(1001), 1001]));
  });
});
