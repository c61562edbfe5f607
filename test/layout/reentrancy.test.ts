import { array, BumpArena, bytes, layoutOf, self, str, text, TypedArena, TypedArenaLazy, u32, u8 } from '../../lib';
import { assign, BACKENDS, codeOf, structBy } from './support';

// The getters and iterators of what is written are the user's own code. It may do anything to the arena, and leave.
describe.each(BACKENDS)('With %s accessors, what runs while an init object is read', (_name, backend) => {
  const struct = structBy(backend);
  const S = struct({ a: u32, b: u32, next: self, list: array(u32, 2) });

  describe.each([
    ['TypedArena', TypedArena],
    ['TypedArenaLazy', TypedArenaLazy],
  ] as const)('in a %s', (_arena, Arena) => {
    it('can add records, which come before the one it is for', () => {
      using arena = new Arena(S, 8);
      const index = arena.push({
        a: 1,
        get b() {
          expect(arena.push({ a: 2, b: 2 })).toBe(0);
          expect(arena.alloc({ a: 3, b: 3 })).not.toBeNull();
          return 1;
        },
      });
      expect(index).toBe(2);
      expect([...arena].map(({ a, b }) => [a, b])).toEqual([
        [2, 2],
        [3, 3],
        [1, 1],
      ]);
    });

    it('can fill the arena, so that there is no room any more', () => {
      using arena = new Arena(S, 2);
      const init = {
        get a() {
          while (arena.push({ a: 5 }) >= 0);
          return 1;
        },
      };
      expect(arena.push(init)).toBe(-1);
      expect(arena.alloc(init)).toBeNull();
      expect([...arena].map(({ a }) => a)).toEqual([5, 5]);
    });

    it('can reset the arena; the record is the first then', () => {
      using arena = new Arena(S, 4);
      arena.push({ a: 9 });
      const record = arena.alloc({
        a: 1,
        get b() {
          arena.reset();
          return 2;
        },
      })!;
      expect(arena.length).toBe(1);
      expect(record.toJSON()).toEqual({ a: 1, b: 2, next: null, list: [0, 0] });
    });

    it('can make a link stale that was read already', () => {
      using arena = new Arena(S, 4);
      const old = arena.alloc({ a: 9 })!;
      const init = {
        next: old,
        get list(): number[] {
          arena.reset();
          return [1];
        },
      };
      expect(codeOf(() => arena.push(init))).toBe('ERR_OFFHEAP_STALE');
      expect(arena.length).toBe(0);
      expect(arena.alloc()!.toJSON()).toEqual({ a: 0, b: 0, next: null, list: [0, 0] });
    });

    it('can dispose of the arena', () => {
      const arena = new Arena(S, 4);
      const init = {
        get a() {
          arena.dispose();
          return 1;
        },
      };
      expect(codeOf(() => arena.push(init))).toBe('ERR_OFFHEAP_DISPOSED');
      expect(codeOf(() => arena.length)).toBe('ERR_OFFHEAP_DISPOSED');
    });

    it('can throw, and nothing has changed', () => {
      using arena = new Arena(struct({ a: u32, note: text, b: u32 }), 4);
      const record = arena.alloc({ a: 1, note: 'kept', b: 2 })!;
      const { used } = arena;
      const init = {
        a: 5,
        note: 'lost',
        get b(): number {
          throw new Error('enough');
        },
      };
      expect(() => arena.push(init)).toThrow('enough');
      expect(() => arena.alloc(init)).toThrow('enough');
      expect([arena.length, arena.used, record.toObject()]).toEqual([1, used, { a: 1, note: 'kept', b: 2 }]);
    });

    it('can write other texts, which stay', () => {
      using arena = new Arena(struct({ note: text, more: text }), 4, { textBytes: 20 });
      const first = arena.alloc({ note: 'first' })!;
      const record = arena.alloc({
        note: 'note',
        get more() {
          first.note = 'longer';
          return 'more';
        },
      })!;
      expect([first.note, record.note, record.more]).toEqual(['longer', 'note', 'more']);
    });

    it('can reset the arena while a field of a record is assigned', () => {
      using arena = new Arena(S, 4);
      const record = arena.alloc({ a: 9 })!;
      const values = function* (): Generator<number> {
        yield 1;
        arena.reset();
        arena.push({ a: 7, list: [7, 7] });
        yield 2;
      };
      expect(codeOf(() => assign(record, 'list', values()))).toBe('ERR_OFFHEAP_STALE');
      expect(arena.at(0).toJSON()).toEqual({ a: 7, b: 0, next: null, list: [7, 7] });
    });

    it('can start an iteration of its own, and end the one that it is in', () => {
      using arena = new Arena(S, 8);
      for (let a = 0; a < 4; a++) {
        arena.push({ a });
      }
      const seen: number[] = [];
      arena.forEach((record, index) => {
        seen.push(record.a);
        if (index === 1) {
          arena.push({
            get a() {
              arena.reset();
              return 100;
            },
          });
        }
      });
      expect([seen, arena.length, arena.at(0).a]).toEqual([[0, 1], 1, 100]);
    });
  });

  describe('by place', () => {
    const P = struct({ a: u32, b: u32, name: str(4), hash: bytes(4) });

    it('can place records and blocks of its own', () => {
      using arena = new BumpArena(1024);
      let inner: { a: number } | null = null;
      const outer = arena.place(P, {
        a: 1,
        get b() {
          inner = arena.place(P, { a: 7, b: 8, name: 'in' });
          arena.alloc(32)!.fill(255);
          return 2;
        },
      })!;
      expect(outer.toJSON()).toMatchObject({ a: 1, b: 2, name: '' });
      expect(inner!).toMatchObject({ a: 7, b: 8, name: 'in' });
    });

    it.each(['reset', 'renew', 'resetUnsafe'] as const)('can %s the arena, and keep what it places then', (way) => {
      const Small = struct({ a: u32 });
      for (const Struct of [Small, P as unknown as typeof Small]) {
        using arena = new BumpArena(1024);
        let kept: { a: number } | null = null;
        const init = {
          get a() {
            arena[way]();
            kept = arena.place(Struct, { a: 7 });
            return 1;
          },
        };
        const outer = arena.place(Struct, init)!;
        const next = arena.place(Struct, { a: 9 })!;
        expect([kept!.a, outer.a, next.a]).toEqual([7, 1, 9]);
      }
    });

    it('can go back to a checkpoint', () => {
      using arena = new BumpArena(1024);
      const early = arena.place(P, { a: 5 })!;
      const checkpoint = arena.checkpoint();
      const { used } = arena;
      const init = {
        get a() {
          arena.rewind(checkpoint);
          return 1;
        },
      };
      arena.place(P);
      const record = arena.place(P, init)!;
      expect([early.a, record.a, arena.used]).toEqual([5, 1, used + layoutOf(P).size]);
    });

    it('can go back and place again, without two records in one place', () => {
      using arena = new BumpArena(1024);
      const checkpoint = arena.checkpoint();
      let kept: { a: number } | null = null;
      const init = {
        get a() {
          arena.rewind(checkpoint);
          kept = arena.place(P, { a: 7 });
          return 1;
        },
      };
      const outer = arena.place(P, init)!;
      const next = arena.place(P, { a: 9 })!;
      expect([kept!.a, outer.a, next.a]).toEqual([7, 1, 9]);
    });

    it('can dispose of the arena', () => {
      const arena = new BumpArena(1024);
      const init = {
        get a() {
          arena.dispose();
          return 1;
        },
      };
      expect(codeOf(() => arena.place(P, init))).toBe('ERR_OFFHEAP_DISPOSED');
      expect(codeOf(() => arena.used)).toBe('ERR_OFFHEAP_DISPOSED');
    });

    it('can throw, and nothing has changed', () => {
      using arena = new BumpArena(1024);
      arena.alloc(3);
      const init = {
        a: 1,
        get b(): number {
          throw new Error('enough');
        },
      };
      expect(() => arena.place(P, init)).toThrow('enough');
      expect(arena.used).toBe(3);
    });

    it('can throw after it has placed a record, which stays', () => {
      using arena = new BumpArena(1024);
      let kept: { a: number } | null = null;
      const init = {
        get a(): number {
          kept = arena.place(P, { a: 7 });
          throw new Error('enough');
        },
      };
      expect(() => arena.place(P, init)).toThrow('enough');
      const next = arena.place(P, { a: 9 })!;
      expect([kept!.a, next.a]).toEqual([7, 9]);
    });
  });

  it('can change what is read next, but not what was read', () => {
    const source = { a: 1, b: 1, list: [1, 1] };
    using arena = new TypedArena(struct({ a: u8, list: array(u8, 2), b: u8, c: u8 }), 2);
    const record = arena.alloc({
      a: 1,
      list: source.list,
      get b() {
        source.list[0] = 300;
        return 2;
      },
    })!;
    expect(record.toJSON()).toEqual({ a: 1, list: [1, 1], b: 2, c: 0 });
  });
});
