import { array, KiB, layoutOf, ref, self, text, u32, u64 } from '../../lib';
import { codeOf, DETACHES, WAYS } from './support';
import { errorOf, PLACING } from './typed-support';

describe.each(PLACING)('%s', (_title, { Arena, define, kinds }) => {
  const { Circle, Byte, Wide, Node, Nothing } = kinds;

  it('puts records of many kinds into one arena, between blocks, each at its alignment', () => {
    using arena = new Arena(4 * KiB);
    const byte = arena.place(Byte, { value: 1 })!;
    const block = arena.alloc(5)!.fill(0xee);
    const circle = arena.place(Circle, { radius: 2, tag: 'two' })!;
    expect(arena.used).toBe(16 + 16);
    const other = arena.place(Byte, { value: 2 })!;
    const wide = arena.place(Wide, { value: -(2n ** 127n), kind: 'b' })!;
    expect(arena.used).toBe(48 + 32);
    const node = arena.place(Node, { id: 7, circle, list: [1, 2], hash: Buffer.from('abc') })!;
    expect([byte.value, other.value, wide.value, wide.kind]).toEqual([1, 2, -(2n ** 127n), 'b']);
    expect(circle.area()).toBeCloseTo(12.57, 2);
    expect([node.circle!.tag, [...node.list], node.next]).toEqual(['two', [1, 2], null]);
    circle.radius = 1;
    node.circle!.tag = 'one';
    other.value = 255;
    expect([node.circle!.radius, circle.tag, byte.value]).toEqual([1, 'one', 1]);
    expect(block.every((each) => each === 0xee)).toBe(true);
    expect(circle).toBeInstanceOf(Circle);
  });

  it('writes every byte of a field, whatever was there', () => {
    using arena = new Arena(1 * KiB);
    const zero = arena.place(Node)!.toObject();
    arena.reset();
    arena.alloc(1 * KiB)!.fill(255);
    arena.resetUnsafe();
    expect(arena.place(Node, {})!.toObject()).toEqual(zero);
    expect(zero).toMatchObject({ id: 0, next: null, circle: null });
  });

  it('answers null when there is no room, and changes nothing', () => {
    using arena = new Arena(100);
    const circle = arena.place(Circle, { radius: 1 })!;
    arena.alloc(77, 1);
    const { used, highWaterMark } = arena;
    expect(arena.place(Circle, { radius: 2 })).toBeNull();
    expect(arena.place(Wide)).toBeNull();
    expect([arena.used, arena.highWaterMark, circle.radius]).toEqual([used, highWaterMark, 1]);
    expect(arena.place(Byte, { value: 3 })!.value).toBe(3);
    using none = new Arena(0);
    expect([none.place(Byte), none.used]).toEqual([null, 0]);
  });

  it('changes nothing where a value does not fit', () => {
    using arena = new Arena(1 * KiB);
    arena.alloc(3);
    const before = arena.place(Byte, { value: 1 })!;
    const { used } = arena;
    const refused: [() => unknown, string][] = [
      [() => arena.place(Byte, { value: 256 }), 'ERR_OUT_OF_RANGE'],
      [() => arena.place(Circle, { radius: '1' as never }), 'ERR_INVALID_ARG_TYPE'],
      [() => arena.place(Circle, { radius: 1, tag: 'long' }), 'ERR_OUT_OF_RANGE'],
      [() => arena.place(Node, { next: {} as never }), 'ERR_INVALID_ARG_TYPE'],
      [() => arena.place(Circle, null as never), 'ERR_INVALID_ARG_TYPE'],
      [() => arena.place({} as typeof Circle), 'ERR_INVALID_ARG_TYPE'],
      [() => arena.place(define({ name: text })), 'ERR_INVALID_ARG_VALUE'],
      [() => arena.place(define({ all: array(define({ name: text }), 2) })), 'ERR_INVALID_ARG_VALUE'],
    ];
    for (const [attempt, code] of refused) {
      expect(codeOf(attempt)).toBe(code);
      expect([arena.used, before.value]).toEqual([used, 1]);
    }
    expect(arena.place(Byte, { value: 2 })!.value).toBe(2);
    expect(arena.used).toBe(used + 1);
  });

  describe('makes references that are stale', () => {
    it.each(WAYS)('after %s, for good', (way, startOver) => {
      const arena = new Arena(4 * KiB);
      const below = arena.place(Node, { id: 1 })!;
      arena.checkpoint();
      const above = arena.place(Node, { id: 2, next: below })!;
      const { list, next } = above;
      startOver(arena);
      const usable = way !== 'dispose';
      const fresh = usable ? [arena.place(Node, { id: 3, list: [3, 3] })!, arena.place(Node, { id: 4 })!] : [];
      for (const old of [below, above, next!]) {
        for (const use of [() => old.id, () => (old.id = 9), () => old.toObject(), () => old.next, () => old.list]) {
          expect(codeOf(use)).toBe('ERR_OFFHEAP_STALE');
        }
      }
      if (way !== 'resetUnsafe') {
        list[0] = 99;
        list[1] = 99;
      }
      expect(fresh.map(({ id, list: values }) => [id, ...values])).toEqual(
        usable
          ? [
              [3, 3, 3],
              [4, 0, 0],
            ]
          : [],
      );
      if (usable) {
        expect(codeOf(() => (fresh[0]!.next = above))).toBe('ERR_OFFHEAP_STALE');
        expect(codeOf(() => arena.place(Node, { next: below }))).toBe('ERR_OFFHEAP_STALE');
        expect(arena.used).toBe(2 * layoutOf(Node).size);
      } else {
        expect(codeOf(() => arena.place(Node))).toBe('ERR_OFFHEAP_DISPOSED');
      }
      arena.dispose();
    });

    it('after the rewind to a checkpoint from before, and only then', () => {
      using arena = new Arena(4 * KiB);
      const first = arena.place(Byte, { value: 1 })!;
      const outer = arena.checkpoint();
      const second = arena.place(Byte, { value: 2 })!;
      const inner = arena.checkpoint();
      const third = arena.place(Byte, { value: 3 })!;
      const values = (): unknown[] => [first, second, third].map((each) => codeOf(() => each.value) ?? each.value);
      expect(values()).toEqual([1, 2, 3]);
      arena.rewind(inner);
      expect(values()).toEqual([1, 2, 'ERR_OFFHEAP_STALE']);
      const again = arena.place(Byte, { value: 30 })!;
      expect(values()).toEqual([1, 2, 'ERR_OFFHEAP_STALE']);
      arena.rewind(inner);
      arena.rewind(inner);
      expect(codeOf(() => again.value)).toBe('ERR_OFFHEAP_STALE');
      const last = arena.place(Byte, { value: 31 })!;
      arena.rewind(outer);
      expect([...values(), codeOf(() => last.value)]).toEqual([1, ...Array<string>(3).fill('ERR_OFFHEAP_STALE')]);
      first.value = 11;
      expect([arena.place(Byte, { value: 5 })!.value, first.value]).toEqual([5, 11]);
    });

    it('after a scope, whether it returns or throws', () => {
      using arena = new Arena(4 * KiB);
      const outside = arena.place(Byte, { value: 1 })!;
      const returned = arena.scope(() => arena.place(Byte, { value: 2 })!);
      let thrown!: typeof returned;
      let nested!: typeof returned;
      expect(() => {
        arena.scope(() => {
          thrown = arena.place(Byte, { value: 3 })!;
          nested = arena.scope(() => arena.place(Byte, { value: 4 })!);
          expect([thrown.value, outside.value]).toEqual([3, 1]);
          expect(codeOf(() => nested.value)).toBe('ERR_OFFHEAP_STALE');
          throw new Error('inside');
        });
      }).toThrow('inside');
      for (const old of [returned, thrown, nested]) {
        expect(codeOf(() => old.value)).toBe('ERR_OFFHEAP_STALE');
      }
      expect([outside.value, arena.used]).toEqual([1, 1]);
    });

    it('though they take no bytes and lie where a checkpoint does', () => {
      using arena = new Arena(1 * KiB);
      const Empty = define({ list: array(u64, 0), inner: Nothing });
      const below = arena.place(Empty)!;
      const checkpoint = arena.checkpoint();
      const above = [arena.place(Empty)!, arena.place(Empty)!];
      expect([arena.used, below.toObject(), above[1]!.toObject()]).toEqual([
        ...[0, { list: new BigUint64Array(0), inner: {} }, { list: new BigUint64Array(0), inner: {} }],
      ]);
      arena.rewind(checkpoint);
      using links = new Arena(1 * KiB);
      const Linking = define({ to: ref(() => Empty) });
      const linking = arena.place(Linking, { to: below })!;
      expect(linking.to).not.toBeNull();
      expect(codeOf(() => (linking.to = above[0]!))).toBe('ERR_OFFHEAP_STALE');
      expect(codeOf(() => links.place(Linking, { to: below }))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    });

    it('and those that are not outlive growth and the blocks around them', () => {
      using arena = new Arena(1024 * KiB);
      class Link extends define({ id: u32, next: self }) {}
      const kept: Link[] = [];
      for (let id = 0; arena.used < 900 * KiB; id++) {
        kept.push(arena.place(Link, { id, next: kept.at(-1) ?? null })!);
        arena.free(arena.alloc(10 * KiB)!);
        arena.alloc(2 * KiB);
      }
      expect(kept.map(({ id }) => id)).toEqual(kept.map((_node, index) => index));
      expect(kept.slice(1).map(({ next }) => next!.id)).toEqual(kept.slice(1).map((_node, index) => index));
    });
  });

  describe('takes links', () => {
    it('to records that live as long, of whatever kind', () => {
      using arena = new Arena(4 * KiB);
      const circle = arena.place(Circle, { radius: 1 })!;
      const first = arena.place(Node, { id: 1, circle })!;
      arena.checkpoint();
      const second = arena.place(Node, { id: 2, circle, next: first })!;
      const third = arena.place(Node, { id: 3, next: second })!;
      second.next = third;
      third.circle = arena.place(Circle, { radius: 5 })!;
      first.next = first;
      expect([second.next.id, third.next!.next!.id, third.circle.radius, first.next.id]).toEqual([3, 3, 5, 1]);
      expect(first.toObject()).toMatchObject({ circle: 0, next: 16 });
      first.next = null;
      expect(first.next).toBeNull();
    });

    it('to none that lives less long, and keeps what was there', () => {
      using arena = new Arena(4 * KiB);
      const first = arena.place(Node, { id: 1 })!;
      first.next = first;
      arena.checkpoint();
      const second = arena.place(Node, { id: 2, next: first })!;
      expect(codeOf(() => (first.next = second))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      arena.scope(() => {
        const third = arena.place(Node, { id: 3, next: second })!;
        expect(codeOf(() => (second.next = third))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
        expect(third.next!.id).toBe(2);
      });
      expect([first.next.id, second.next!.id]).toEqual([1, 1]);
    });

    it('to none of another arena', () => {
      using arena = new Arena(4 * KiB);
      using other = new Arena(4 * KiB);
      const foreign = other.place(Node)!;
      const { used } = arena;
      expect(codeOf(() => arena.place(Node, { next: foreign }))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(arena.used).toBe(used);
      const node = arena.place(Node)!;
      expect(codeOf(() => (node.next = foreign))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(node.next).toBeNull();
    });
  });

  it('neither shows nor changes by stale views of fields what comes after a reset', () => {
    using arena = new Arena(4 * KiB);
    const { list, hash } = arena.place(Node, { list: [7, 7], hash: Buffer.from([7]) })!;
    arena.reset();
    const next = arena.place(Node, { list: [8, 8] })!;
    expect(DETACHES ? list.length : [...list].includes(8)).toBe(DETACHES ? 0 : false);
    list[0] = 9;
    hash[0] = 9;
    expect([...next.list]).toEqual([8, 8]);
  });

  it('says what is wrong with a struct that has texts', () => {
    using arena = new Arena(1 * KiB);
    expect((errorOf(() => arena.place(define({ name: text }))) as Error).message).toMatch(/only typed arenas/);
  });
});
