import { BumpArena, layoutOf, ref, self, type StructClass, TypedArena, TypedArenaLazy, u32, u8 } from '../../lib';
import { assign, BACKENDS, codeOf, errorOf, expectRefused, structBy } from './support';

describe.each(BACKENDS)('With %s accessors,', (_name, backend) => {
  const struct = structBy(backend);

  class Node extends struct({ id: u32, next: self, other: self }) {
    sum(): number {
      return this.id + ((this.next as Node | null)?.sum() ?? 0);
    }
  }

  describe.each([
    ['TypedArena', TypedArena],
    ['TypedArenaLazy', TypedArenaLazy],
  ] as const)('a link in a %s', (_arena, Arena) => {
    it('is null until a record is written', () => {
      using arena = new Arena(Node, 4);
      const first = arena.alloc({ id: 1 })!;
      const second = arena.alloc({ id: 2, next: first })!;
      const third = arena.at(arena.pushValues(3, second, null));
      expect([first.next, third.other]).toEqual([null, null]);
      expect(third.next!.next!.id).toBe(1);
      second.next = null;
      expect(second.next).toBeNull();
      second.next = second;
      expect(second.next.next!.next!.id).toBe(2);
    });

    it('answers a reference of the class that it was read from', () => {
      using arena = new Arena(Node, 4);
      const first = arena.alloc({ id: 1 })!;
      const second = arena.alloc({ id: 2, next: first })!;
      expect(second.next).toBeInstanceOf(Node);
      expect(second.sum()).toBe(3);
      second.next!.id = 9;
      expect(first.id).toBe(9);
    });

    it('is refused to a record of another arena, and nothing has changed', () => {
      using arena = new Arena(Node, 4);
      using other = new Arena(Node, 4);
      const stranger = other.alloc({ id: 7 })!;
      const record = arena.alloc({ id: 1 })!;
      record.next = record;
      for (const way of [
        () => (record.next = stranger),
        () => arena.alloc({ id: 2, next: stranger }),
        () => arena.push({ id: 2, other: stranger }),
        () => arena.pushValues(2, record, stranger),
      ]) {
        const error = errorOf(way);
        expect(error.code).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
        expect(error.message).toBe(
          'Expected a { id: u32, next: self, other: self } of the same arena. Received one of another',
        );
        expect(arena.length).toBe(1);
        expect(record.toObject()).toEqual({ id: 1, next: 0, other: null });
      }
      expect(arena.alloc({ id: 2 })!.toObject()).toEqual({ id: 2, next: null, other: null });
    });

    it('is refused to a record of an earlier round', () => {
      using arena = new Arena(Node, 4);
      const old = arena.alloc()!;
      arena.reset();
      const record = arena.alloc({ id: 1 })!;
      expect(codeOf(() => (record.next = old))).toBe('ERR_OFFHEAP_STALE');
      expect(codeOf(() => arena.push({ next: old }))).toBe('ERR_OFFHEAP_STALE');
      expect(arena.length).toBe(1);
      expect(record.next).toBeNull();
    });
  });

  it('what is no record of the struct is refused', () => {
    const Other = struct({ id: u32, next: self });
    using others = new TypedArena(Other, 1);
    for (const bad of [0, 'a', {}, true, Node, others.alloc(), Object.create(Node.prototype)] as unknown[]) {
      expectRefused(
        backend,
        ref(() => Node),
        { good: null, bad, code: 'ERR_INVALID_ARG_TYPE' },
      );
      expectRefused(backend, self, { good: null, bad, code: 'ERR_INVALID_ARG_TYPE' });
    }
  });

  it('self is the definition that it is a field of, for every class of it', () => {
    const Base = struct({ id: u32, next: self });
    class A extends Base {}
    class B extends Base {}
    using arena = new BumpArena(1024);
    const a = arena.place(A, { id: 1 })!;
    const b = arena.place(B, { id: 2, next: a })!;
    expect(b.next!.id).toBe(1);
    expect(b.next).toBeInstanceOf(B);
    a.next = b;
    expect(a.next).toBeInstanceOf(A);
    expect(b.next).toBeInstanceOf(B);
  });

  it('self in a nested struct links to the nested one', () => {
    const Inner = struct({ id: u32, next: self });
    const Outer = struct({ name: u8, inner: Inner });
    using arena = new TypedArena(Outer, 3);
    const first = arena.alloc({ inner: { id: 1 } })!;
    const second = arena.alloc({ inner: { id: 2, next: first.inner } })!;
    expect(second.inner.next!.id).toBe(1);
    expect(second.inner.next).toBeInstanceOf(Inner);
    second.inner.next!.id = 7;
    expect(first.inner.id).toBe(7);
    expect(codeOf(() => arena.push({ inner: { next: first as never } }))).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('structs can link to each other', () => {
    class Person extends struct({ id: u32, dog: ref((): StructClass => Dog) }) {}
    class Dog extends struct({ id: u32, owner: ref(() => Person) }) {
      bark(): string {
        return `woof ${this.id}, ${this.owner!.id}`;
      }
    }
    using arena = new BumpArena(1024);
    const person = arena.place(Person, { id: 1 })!;
    const dog = arena.place(Dog, { id: 2, owner: person })!;
    assign(person, 'dog', dog);
    expect(dog.owner).toBeInstanceOf(Person);
    expect((person.dog as unknown as Dog).bark()).toBe('woof 2, 1');
    expect(codeOf(() => assign(person, 'dog', person))).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('ref answers the class that it names, whichever class of that struct is linked to', () => {
    const Base = struct({ id: u32 });
    class A extends Base {}
    class B extends Base {}
    using arena = new BumpArena(1024);
    const holder = arena.place(struct({ link: ref(() => A) }))!;
    assign(holder, 'link', arena.place(B, { id: 5 }));
    expect(holder.link).toBeInstanceOf(A);
    expect(holder.link!.id).toBe(5);
  });

  it('a link is a double: the offset and 1, or 0', () => {
    expect(layoutOf(struct({ a: u8, link: self, other: ref(() => Node) }))).toEqual({
      size: 24,
      align: 8,
      offsets: { a: 0, link: 8, other: 16 },
    });
    using arena = new BumpArena(1024);
    arena.allocOffset(8);
    const first = arena.place(Node)!;
    arena.place(Node, { next: first });
    expect([...new Float64Array(arena.buffer, 8, 6)]).toEqual([0, 0, 0, 0, 9, 0]);
  });

  it('prints as the index of the record, and in an untyped arena as its offset', () => {
    using typed = new TypedArena(Node, 4);
    typed.push();
    const record = typed.alloc({ id: 5 })!;
    record.next = record;
    expect(JSON.stringify(record)).toBe('{"id":5,"next":1,"other":null}');
    using arena = new BumpArena(1024);
    arena.allocOffset(100);
    const placed = arena.place(Node)!;
    placed.other = placed;
    expect(placed.toObject()).toEqual({ id: 0, next: null, other: 104 });
  });

  it('is refused where the record does not live as long as the one that links to it', () => {
    using arena = new BumpArena(1024);
    const early = arena.place(Node, { id: 1 })!;
    const checkpoint = arena.checkpoint();
    const late = arena.place(Node, { id: 2, next: early })!;
    late.other = late;
    expect(codeOf(() => (early.next = late))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    expect(early.toObject()).toEqual({ id: 1, next: null, other: null });
    arena.rewind(checkpoint);
    expect(codeOf(() => late.next)).toBe('ERR_OFFHEAP_STALE');
    expect(codeOf(() => (early.next = late))).toBe('ERR_OFFHEAP_STALE');
    const { used } = arena;
    expect(codeOf(() => arena.place(Node, { next: late }))).toBe('ERR_OFFHEAP_STALE');
    expect(arena.used).toBe(used);
    expect(early.next).toBeNull();
  });

  it('cannot lead out of the memory, whatever somebody writes there', () => {
    using arena = new BumpArena(256);
    const record = arena.place(Node, { id: 5 })!;
    const { f64 } = arena.views;
    for (const link of [NaN, Infinity, -Infinity, -1, -7, 0.5, 1.5, 2, 257, 249, 1e300, 2 ** 53, -0.5]) {
      f64[1] = link;
      expect(codeOf(() => record.next!.id)).toMatch(/^ERR_OFFHEAP_(FORMAT|STALE)$/);
    }
    f64[1] = 0;
    expect(record.toObject()).toEqual({ id: 5, next: null, other: null });
  });
});

describe('ref()', () => {
  it('takes a function that answers a class, and calls it later', () => {
    for (const target of [undefined, null, {}, 'Node', u8]) {
      expect(codeOf(() => ref(target as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  it.each(BACKENDS)('refuses what else the function answers when the link is used (%s)', (_name, backend) => {
    const struct = structBy(backend);
    expect(codeOf(() => ref(struct({ id: u8 }) as never))).toBe('ERR_INVALID_ARG_TYPE');
    using arena = new TypedArena(struct({ id: u8, link: ref(() => Map as never) }), 2);
    const record = arena.alloc({ id: 1 })!;
    expect(record.link).toBeNull();
    expect(codeOf(() => assign(record, 'link', record))).toBe('ERR_INVALID_ARG_TYPE');
    expect(record.toObject()).toEqual({ id: 1, link: null });
  });
});
