import { array, Box, f64, ref, type Scope, ScopedAllocator, self, struct, u32, Vec } from '../../lib';
import { codeOf, SOURCES } from './support';

const STALE = 'ERR_OFFHEAP_STALE';
const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';

class Node extends struct({ id: u32, next: self, list: array(f64, 2) }) {}
const Holder = struct({ node: ref(() => Node) });
const Leaf = struct({ id: u32, list: array(f64, 2) });
const LeafHolder = struct({ leaf: ref(() => Leaf) });

describe.each(SOURCES)('Records in scopes on %s', (_name, { make }) => {
  it('are stale when their scope is left, by returning or by throwing', () => {
    using scoped = new ScopedAllocator(make(), 1000);
    const outside = scoped.place(Node, { id: 1 })!;
    const fill = (inner: Scope): [Node, Box<number>, Vec<number, number, Uint32Array | null>] => {
      const node = inner.place(Node, { id: 2, list: [1, 2] })!;
      const box = Box.newIn(inner, u32, 5)!;
      const vec = Vec.newIn(inner, u32, 4)!;
      vec.push(6);
      expect([node.id, box.value, vec.at(0)]).toEqual([2, 5, 6]);
      return [node, box, vec];
    };
    const left = [scoped.scope(fill), scoped.scope((inner) => inner.scope(fill))];
    expect(() => {
      scoped.scope((inner) => {
        left.push(fill(inner));
        throw new Error('left');
      });
    }).toThrow('left');
    const again = scoped.alloc(500)!.fill(0xee);
    for (const [node, box, vec] of left) {
      for (const use of [
        () => node.id,
        () => (node.id = 9),
        () => node.list,
        () => node.toObject(),
        () => box.value,
        () => (box.value = 9),
        () => {
          box.free();
        },
        () => vec.at(0),
        () => vec.push(9),
        () => vec.length,
        () => {
          vec.free();
        },
      ]) {
        expect(codeOf(use)).toBe(STALE);
      }
      box[Symbol.dispose]();
      vec[Symbol.dispose]();
    }
    expect([outside.id, again.every((byte) => byte === 0xee)]).toEqual([1, true]);
  });

  it('link to records of their own scope and of outer ones, and not the other way', () => {
    using scoped = new ScopedAllocator(make(), 2000);
    const outer = scoped.place(Node, { id: 1 })!;
    const holder = scoped.place(Holder, { node: outer })!;
    scoped.scope((middle) => {
      const node = middle.place(Node, { id: 2, next: outer })!;
      const sibling = middle.place(Node, { id: 3, next: node })!;
      node.next = sibling;
      middle.scope((inner) => {
        const deep = inner.place(Node, { id: 4, next: sibling })!;
        expect([deep.next!.id, deep.next!.next!.id]).toEqual([3, 2]);
        deep.next = outer;
        expect(inner.place(Holder, { node: deep })!.node!.next!.id).toBe(1);
        expect(codeOf(() => (outer.next = deep))).toBe(FOREIGN);
        expect(codeOf(() => (node.next = deep))).toBe(FOREIGN);
        expect(codeOf(() => (holder.node = deep))).toBe(FOREIGN);
      });
      expect(codeOf(() => (outer.next = node))).toBe(FOREIGN);
      expect(codeOf(() => (holder.node = node))).toBe(FOREIGN);
      expect([node.next.id, holder.node!.id, outer.next]).toEqual([3, 1, null]);
    });
    outer.next = outer;
    expect([outer.next.id, holder.node!.id]).toEqual([1, 1]);
  });

  it('do not link to what was placed in a scope that has been left', () => {
    using scoped = new ScopedAllocator(make(), 2000);
    const stale = scoped.scope((inner) => inner.place(Node, { id: 1 })!);
    scoped.scope((inner) => {
      const node = inner.place(Node, { id: 2 })!;
      expect(codeOf(() => (node.next = stale))).toBe(STALE);
      const { used } = inner;
      expect(codeOf(() => inner.place(Node, { next: stale }))).toBe(STALE);
      expect([inner.used, node.next]).toEqual([used, null]);
    });
  });

  it('do not link to records of another allocator, or of a Box', () => {
    using scoped = new ScopedAllocator(make(), 2000);
    using other = new ScopedAllocator(make(), 2000);
    const leaf = scoped.place(Leaf, { id: 1 })!;
    const node = scoped.place(Node)!;
    const holder = scoped.place(LeafHolder, { leaf })!;
    expect(codeOf(() => (node.next = other.place(Node)!))).toBe(FOREIGN);
    for (const foreign of [other.place(Leaf)!, Box.newIn(scoped, Leaf)!.value, Box.newIn(other, Leaf)!.value]) {
      expect(codeOf(() => (holder.leaf = foreign))).toBe(FOREIGN);
      expect(codeOf(() => scoped.place(LeafHolder, { leaf: foreign }))).toBe(FOREIGN);
    }
    expect(holder.leaf!.id).toBe(1);
  });

  it('take no room where a value does not fit', () => {
    using scoped = new ScopedAllocator(make(), 1000);
    const node = scoped.place(Node, { id: 1 })!;
    const { used } = scoped;
    for (const [init, code] of [
      [{ id: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ id: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ next: {} }, 'ERR_INVALID_ARG_TYPE'],
      [{ list: [1, 2, 3] }, 'ERR_OUT_OF_RANGE'],
    ] as const) {
      expect(codeOf(() => scoped.place(Node, init as never))).toBe(code);
      if (!('next' in init)) {
        expect(codeOf(() => Box.newIn(scoped, Leaf, init as never))).toBe(code);
      }
      expect(scoped.used).toBe(used);
    }
    expect(node.id).toBe(1);
  });

  it('are placed though reading their values opens scopes and allocates', () => {
    using scoped = new ScopedAllocator(make(), 2000);
    const blocks: Buffer[] = [];
    const node = scoped.place(Node, {
      get id() {
        blocks.push(scoped.alloc(16)!.fill(7));
        scoped.scope((inner) => inner.place(Node, { id: 99, list: [9, 9] }));
        return 5;
      },
      get list() {
        return scoped.scope((inner) => [inner.alloc(16)!.fill(0xff).length, 2]);
      },
    })!;
    expect([node.id, [...node.list], node.next]).toEqual([5, [16, 2], null]);
    expect(blocks.every((block) => block.every((byte) => byte === 7))).toBe(true);
  });

  it('are not placed where reading their values has disposed of the allocator', () => {
    const source = make();
    const scoped = new ScopedAllocator(source, 1000);
    const attempt = (): unknown =>
      scoped.place(Node, {
        get id() {
          scoped.dispose();
          source.alloc(1000)!.fill(0xaa);
          return 5;
        },
      });
    expect(codeOf(attempt)).toMatch(/ERR_OFFHEAP_(STALE|DISPOSED)/);
    expect(codeOf(attempt)).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('keep their place where reading the values of the next one throws after allocating', () => {
    using scoped = new ScopedAllocator(make(), 1000);
    let block!: Buffer;
    expect(() =>
      scoped.place(Node, {
        get id(): number {
          block = scoped.alloc(16)!.fill(3);
          throw new Error('no id');
        },
      }),
    ).toThrow('no id');
    const next = [scoped.place(Node, { id: 0xffffffff })!, scoped.place(Node, { id: 0xffffffff })!];
    expect([block.every((byte) => byte === 3), next.map(({ id }) => id)]).toEqual([true, [0xffffffff, 0xffffffff]]);
  });
});
