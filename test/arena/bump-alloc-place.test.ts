import { array, BumpAlloc, GiB, KiB, layoutOf, MiB, ref, self, struct, text, u32, u64 } from '../../lib';
import { codeOf, isZero } from './support';
import { errorOf, PLACING } from './typed-support';

const DEFINING = PLACING.filter(([, { Arena }]) => Arena === PLACING[0]![1].Arena).map(
  ([title, { define, kinds }]) => [title.replace('BumpArena', 'A BumpAlloc'), { define, kinds }] as const,
);

describe.each(DEFINING)('%s', (_title, { define, kinds }) => {
  const { Byte, Circle, Node, Nothing, Wide } = kinds;

  it('puts records of many kinds between blocks, each at its alignment', () => {
    const alloc = BumpAlloc.withSize(4 * KiB);
    const byte = alloc.place(Byte, { value: 1 })!;
    const block = alloc.alloc(5)!.fill(0xee);
    const circle = alloc.place(Circle, { radius: 2, tag: 'two' })!;
    expect(alloc.allocated).toBe(16 + 16);
    const other = alloc.place(Byte, { value: 2 })!;
    const wide = alloc.place(Wide, { value: -(2n ** 127n), kind: 'b' })!;
    expect(alloc.allocated).toBe(48 + 32);
    const node = alloc.place(Node, { id: 7, circle, list: [1, 2], hash: Buffer.from('abc') })!;
    expect([byte.value, other.value, wide.value, wide.kind]).toEqual([1, 2, -(2n ** 127n), 'b']);
    expect([node.circle!.tag, [...node.list], node.next]).toEqual(['two', [1, 2], null]);
    circle.radius = 1;
    node.circle!.tag = 'one';
    other.value = 255;
    expect([node.circle!.radius, circle.tag, byte.value, circle.area()]).toEqual([1, 'one', 1, Math.PI]);
    expect([block.every((each) => each === 0xee), circle instanceof Circle]).toEqual([true, true]);
  });

  it('makes what is left out zero', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    alloc.alloc(3)!.fill(255);
    const node = alloc.place(Node)!;
    expect(node.toObject()).toMatchObject({ id: 0, next: null, circle: null });
    expect([...node.list, ...node.hash]).toEqual([0, 0, 0, 0, 0]);
    expect(alloc.place(Node, { id: 5 })!.list[1]).toBe(0);
  });

  it('answers null when there is no room, and changes nothing', () => {
    const alloc = BumpAlloc.withSize(100);
    const circle = alloc.place(Circle, { radius: 1 })!;
    alloc.alloc(77, 1);
    const { allocated } = alloc;
    expect([alloc.place(Circle, { radius: 2 }), alloc.place(Wide), alloc.allocated, circle.radius]).toEqual([
      ...[null, null, allocated, 1],
    ]);
    expect([alloc.place(Byte, { value: 3 })!.value, alloc.allocated]).toEqual([3, allocated + 1]);
  });

  it('has not advanced, and left no trace, where a value does not fit', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    alloc.alloc(3, 1)!.fill(1);
    const getter = {
      id: 0xffffffff,
      get list(): number[] {
        throw Object.assign(new Error('from the getter'), { code: 'mine' });
      },
    };
    const refused: [() => unknown, string][] = [
      [() => alloc.place(Byte, { value: 256 }), 'ERR_OUT_OF_RANGE'],
      [() => alloc.place(Circle, { radius: '1' as never }), 'ERR_INVALID_ARG_TYPE'],
      [() => alloc.place(Circle, { radius: Math.PI, tag: 'long' }), 'ERR_OUT_OF_RANGE'],
      [
        () => alloc.place(Node, { id: 0xffffffff, list: [1, 2], hash: [9] as never, next: {} as never }),
        'ERR_INVALID_ARG_TYPE',
      ],
      [() => alloc.place(Wide, { value: -1n, kind: 'c' as never }), 'ERR_OUT_OF_RANGE'],
      [() => alloc.place(Node, getter), 'mine'],
    ];
    for (const [attempt, code] of refused) {
      expect([codeOf(attempt), alloc.allocated, alloc.remaining]).toEqual([code, 3, 1 * KiB - 3]);
      const rest = new Uint8Array(alloc.buffer, 3);
      expect(isZero(rest)).toBe(true);
    }
    expect([alloc.place(Byte, { value: 2 })!.value, alloc.allocated]).toEqual([2, 4]);
  });

  it('keeps what an init object has allocated before it threw', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    const kept: Buffer[] = [];
    expect(() =>
      alloc.place(Node, {
        id: 0xffffffff,
        get list(): number[] {
          kept.push(alloc.alloc(16)!.fill(7));
          throw new Error('from the getter');
        },
      }),
    ).toThrow('from the getter');
    const next = alloc.alloc(100)!;
    expect([kept.length, kept[0]!.every((byte) => byte === 7), isZero(next)]).toEqual([1, true, true]);
    expect(kept.every((block) => alloc.owns(block))).toBe(true);
    expect(next.byteOffset).toBeGreaterThanOrEqual(kept[0]!.byteOffset + 16);
  });

  it('places records that are larger than a chunk, and takes one back that does not fit', () => {
    const Large = define({ id: u32, all: array(u64, 10_000) });
    const alloc = BumpAlloc.withSize(1 * MiB);
    alloc.alloc(1, 1);
    expect(codeOf(() => alloc.place(Large, { id: 7, all: [1n, 2n, -1n] }))).toBe('ERR_OUT_OF_RANGE');
    expect(alloc.allocated).toBe(1);
    const large = alloc.place(Large, { id: 5, all: [0n, 3n] })!;
    expect([large.id, large.all[0], large.all[1], large.all[2], large.all[9_999]]).toEqual([5, 0n, 3n, 0n, 0n]);
    expect(alloc.allocated).toBe(8 + layoutOf(Large).size);
  });

  it('links records to each other and to themselves, and to none of another arena', () => {
    const alloc = BumpAlloc.withSize(4 * KiB);
    const other = BumpAlloc.withSize(4 * KiB);
    const circle = alloc.place(Circle, { radius: 1 })!;
    const first = alloc.place(Node, { id: 1, circle })!;
    const second = alloc.place(Node, { id: 2, circle, next: first })!;
    const third = alloc.place(Node, { id: 3, next: second })!;
    second.next = third;
    third.circle = alloc.place(Circle, { radius: 5 })!;
    first.next = first;
    expect([second.next.id, third.next!.next!.id, third.circle.radius, first.next.id]).toEqual([3, 3, 5, 1]);
    first.next = null;
    const { allocated } = alloc;
    const foreign = other.place(Node)!;
    expect(codeOf(() => alloc.place(Node, { next: foreign }))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    expect(codeOf(() => (first.next = foreign))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    expect([alloc.allocated, first.next]).toEqual([allocated, null]);
  });

  it('makes references that are never stale, whatever is freed and however it grows', () => {
    const alloc = BumpAlloc.withSize(16 * MiB);
    class Link extends define({ id: u32, next: self }) {}
    const kept: Link[] = [];
    for (let id = 0; alloc.allocated < 15 * MiB; id++) {
      kept.push(alloc.place(Link, { id, next: kept.at(-1) ?? null })!);
      const block = alloc.alloc(50 * KiB)!;
      alloc.free(block);
      alloc.realloc(block, 10);
    }
    expect(kept.length).toBeGreaterThan(250);
    expect(kept.map(({ id }) => id)).toEqual(kept.map((_link, i) => i));
    expect(kept.slice(1).map(({ next }) => next!.id)).toEqual(kept.slice(1).map((_link, i) => i));
    kept[0]!.next = kept.at(-1)!;
    expect(kept[0]!.next.id).toBe(kept.length - 1);
  });

  it('links records on both sides of 2 GiB', () => {
    const alloc = BumpAlloc.withSize(4 * GiB);
    const below = alloc.place(Node, { id: 1 })!;
    alloc.allocOffset(2 * GiB);
    const above = alloc.place(Node, { id: 2, next: below, list: [3, 4] })!;
    below.next = above;
    expect([below.next.id, [...below.next.list], above.next!.id]).toEqual([2, [3, 4], 1]);
    expect([above.toObject().next, below.toObject().next! > 2 * GiB]).toEqual([0, true]);
  });

  it('places records of no bytes', () => {
    const alloc = BumpAlloc.withSize(16);
    const Linking = define({ to: ref(() => Nothing) });
    const nothing = alloc.place(Nothing)!;
    expect([nothing.toObject(), alloc.allocated]).toEqual([{}, 0]);
    expect(alloc.place(Linking, { to: nothing })!.to).not.toBeNull();
    alloc.alloc(alloc.remaining, 1);
    expect([alloc.place(Nothing)!.toObject(), alloc.place(Linking)]).toEqual([{}, null]);
  });

  it('says what is wrong with a struct that has texts', () => {
    const alloc = BumpAlloc.withSize(1 * KiB);
    expect((errorOf(() => alloc.place(define({ name: text }))) as Error).message).toMatch(/only typed arenas/);
    expect(codeOf(() => alloc.place(define({ all: array(define({ name: text }), 2) })))).toBe('ERR_INVALID_ARG_VALUE');
    expect(alloc.allocated).toBe(0);
  });
});

it('A BumpAlloc keeps the room of a record whose constructor throws, for that may have given it away', () => {
  const alloc = BumpAlloc.withSize(1 * KiB);
  const Base = struct({ id: u32 });
  const given: { id: number }[] = [];
  let fails = false;
  class Throwing extends Base {
    constructor(...internal: ConstructorParameters<typeof Base>) {
      super(...internal);
      if (fails) {
        given.push(this);
        throw new Error('from the constructor');
      }
    }
  }
  expect(alloc.place(Throwing, { id: 4 })!.id).toBe(4);
  fails = true;
  expect(() => alloc.place(Throwing, { id: 5 })).toThrow('from the constructor');
  expect([alloc.allocated, alloc.alloc(8)!.fill(1).byteOffset, given[0]!.id]).toEqual([8, 8, 5]);
});
