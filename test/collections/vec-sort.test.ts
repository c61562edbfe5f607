import { bool, BumpArena, f32, f64, heap, i128, i64, i8, KiB, str, struct, u32, u64, u8, Vec } from '../../lib';
import { codeOf } from '../arena/support';
import { Body, Point } from './support';

const Row = struct({ key: u8, order: u32 });

/** Numbers that look random and are the same every time. */
function* shuffled(count: number): Generator<number> {
  for (let i = 0, state = 1; i < count; i++) {
    state = (state * 48_271) % (2 ** 31 - 1);
    yield state;
  }
}

describe('Vec.sort', () => {
  it('puts numbers in order without being told how: the smallest first, -0 before 0, NaN last', () => {
    const floats = [3, NaN, -0, 0, Infinity, -1.5, -Infinity, 0, -0, NaN, 2];
    const sorted = [-Infinity, -1.5, -0, -0, 0, 0, 2, 3, Infinity, NaN, NaN];
    for (const type of [f32, f64]) {
      const vec = Vec.newIn(heap, type)!;
      vec.extend(floats);
      expect(vec.sort()).toBe(vec);
      expect([...vec]).toEqual(sorted);
    }
    const bytes = Vec.newIn(heap, i8)!;
    bytes.extend([5, -128, 127, 10, 9, -1]);
    expect([...bytes.sort()]).toEqual([-128, -1, 5, 9, 10, 127]);
    const none = Vec.newIn(heap, f64)!;
    expect([...none.sort()]).toEqual([]);
  });

  it('puts 64-bit bigints in order without being told how', () => {
    const signed = Vec.newIn(heap, i64)!;
    signed.extend([5n, -(2n ** 63n), 2n ** 63n - 1n, -1n]);
    expect([...signed.sort()]).toEqual([-(2n ** 63n), -1n, 5n, 2n ** 63n - 1n]);
    const unsigned = Vec.newIn(heap, u64)!;
    unsigned.extend([2n ** 64n - 1n, 0n, 2n ** 63n]);
    expect([...unsigned.sort()]).toEqual([0n, 2n ** 63n, 2n ** 64n - 1n]);
  });

  it('wants a comparator for everything else, and a function for one', () => {
    for (const type of [bool, str(4), i128, Point]) {
      expect(codeOf(() => Vec.newIn(heap, type as typeof bool)!.sort())).toBe('ERR_INVALID_ARG_TYPE');
    }
    const vec = Vec.newIn(heap, f64)!;
    for (const compare of [null, 5, 'asc', {}]) {
      expect(codeOf(() => vec.sort(compare as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });

  it('sorts by a comparator, as an array does', () => {
    const numbers = Vec.newIn(heap, f64)!;
    numbers.extend([3, 1, 2]);
    expect([...numbers.sort((a, b) => b - a)]).toEqual([3, 2, 1]);
    const words = Vec.newIn(heap, str(8))!;
    words.extend(['pear', 'apple', 'fig']);
    expect([...words.sort((a, b) => a.localeCompare(b))]).toEqual(['apple', 'fig', 'pear']);
    const wide = Vec.newIn(heap, i128)!;
    wide.extend([2n ** 100n, -1n, 7n]);
    expect([...wide.sort((a, b) => (a < b ? -1 : 1))]).toEqual([-1n, 7n, 2n ** 100n]);
    const flags = Vec.newIn(heap, bool)!;
    flags.extend([true, false, true]);
    expect([...flags.sort((a, b) => Number(a) - Number(b))]).toEqual([false, true, true]);
    // Answers that are no numbers: as with an array, nothing is said of the order, and nothing is lost.
    expect([...numbers.sort(() => undefined as never)].sort()).toEqual([1, 2, 3]);
    expect([...numbers.sort(() => NaN)].sort()).toEqual([1, 2, 3]);
  });

  it('keeps the order of equals', () => {
    for (const count of [2, 10, 11, 100, 5000]) {
      const vec = Vec.newIn(heap, Row)!;
      for (const number of shuffled(count)) {
        vec.push({ key: number % 7, order: vec.length });
      }
      vec.sort((a, b) => a.key - b.key);
      let [key, order] = [0, -1];
      for (const row of vec) {
        if (row.key < key || (row.key === key && row.order <= order)) {
          throw new Error(`Expected ${row.key}, ${row.order} before ${key}, ${order}`);
        }
        ({ key, order } = row);
      }
      expect(vec.length).toBe(count);
    }
  });

  it('sorts 65,535 records as it would the same objects', () => {
    const COUNT = 65_535;
    const vec = Vec.newIn(new BumpArena(4096 * KiB), struct({ key: u32, at: Point }))!;
    const keys = [...shuffled(COUNT)].map((number) => number % 50_000);
    vec.extend(keys.map((key, i) => ({ key, at: { x: i, y: -i } })));
    vec.sort((a, b) => a.key - b.key);
    const expected = keys.map((key, i) => ({ key, i })).sort((a, b) => a.key - b.key);
    let wrong = 0;
    expected.forEach(({ key, i }, index) => {
      const { key: got, at } = vec.at(index);
      wrong += got === key && at.x === i && at.y === -i ? 0 : 1;
    });
    expect([wrong, vec.length]).toEqual([0, COUNT]);
  });

  it('moves all of a record, and sorts those with private members', () => {
    const vec = Vec.newIn(heap, Body)!;
    vec.extend([3, 1, 2].map((id) => Body.from(id)));
    const second = vec.at(1);
    vec.sort((a, b) => a.id - b.id || (a.made === b.made ? 0 : 1));
    expect(vec.at(2).toObject()).toEqual({ ...Body.from(3), samples: new Uint8Array([3, 0, 0]) });
    expect([second.id, ...[...vec].map(({ name }) => name)]).toEqual([2, 'b1', 'b2', 'b3']);
  });

  describe('with a comparator that', () => {
    const make = (): { vec: Vec<InstanceType<typeof Point>, object>; arena: BumpArena; contents: () => number[] } => {
      const arena = new BumpArena(64 * KiB);
      const vec = Vec.newIn(arena, Point)!;
      vec.extend([5, 3, 9, 1, 7, 3].map((x) => ({ x })));
      return { vec, arena, contents: () => [...vec].map(({ x }) => x) };
    };
    const UNCHANGED = [5, 3, 9, 1, 7, 3];

    it('throws, changes nothing', () => {
      const { vec, contents } = make();
      let calls = 0;
      const compare = (): number => {
        if (++calls === 4) {
          throw Object.assign(new Error('compare'), { code: 'COMPARE' });
        }
        return -1;
      };
      expect(codeOf(() => vec.sort(compare))).toBe('COMPARE');
      expect(contents()).toEqual(UNCHANGED);
      expect([...vec.sort((a, b) => a.x - b.x)].map(({ x }) => x)).toEqual([1, 3, 3, 5, 7, 9]);
    });

    it('pushes, so that the Vec has room or grows, changes nothing else', () => {
      for (const room of [6, 100]) {
        const { vec, contents } = make();
        vec.reserve(room);
        let pushed = 0;
        const compare = (a: { x: number }, b: { x: number }): number => {
          pushed += vec.push({ x: 100 }) >= 0 ? 1 : 0;
          return a.x - b.x;
        };
        expect(codeOf(() => vec.sort(compare))).toMatch(/^ERR_(INVALID_ARG_VALUE|OFFHEAP_STALE)$/);
        expect(contents()).toEqual([...UNCHANGED, ...Array<number>(pushed).fill(100)]);
      }
    });

    it('lets the Vec move, changes nothing', () => {
      const { vec, arena, contents } = make();
      arena.alloc(8);
      const compare = (): number => {
        vec.reserve(vec.capacity + 1);
        arena.alloc(8);
        return 1;
      };
      expect(codeOf(() => vec.sort(compare))).toMatch(/^ERR_(INVALID_ARG_VALUE|OFFHEAP_STALE)$/);
      expect(contents()).toEqual(UNCHANGED);
    });

    it('truncates or clears, changes nothing else', () => {
      for (const length of [5, 2, 0]) {
        const { vec, contents } = make();
        const compare = (a: { x: number }, b: { x: number }): number => {
          vec.truncate(Math.min(length, vec.length));
          return b.x - a.x;
        };
        expect(codeOf(() => vec.sort(compare))).toMatch(/^ERR_(INVALID_ARG_VALUE|OUT_OF_RANGE)$/);
        expect(contents()).toEqual(UNCHANGED.slice(0, length));
      }
    });

    it('frees, or starts the arena over, finds the Vec stale', () => {
      const ways: ((vec: Vec<object>, arena: BumpArena) => void)[] = [
        (vec) => {
          vec.free();
        },
        (_vec, arena) => {
          arena.reset();
          arena.alloc(1000)!.fill(0xff);
        },
        (_vec, arena) => {
          arena.dispose();
        },
      ];
      for (const way of ways) {
        for (const reads of [false, true]) {
          const { vec, arena } = make();
          let isOver = false;
          const compare = (a: { x: number }, b: { x: number }): number => {
            if (!isOver) {
              isOver = true;
              way(vec, arena);
            }
            return reads ? a.x - b.x : 1;
          };
          expect(codeOf(() => vec.sort(compare))).toBe('ERR_OFFHEAP_STALE');
          expect(codeOf(() => vec.length)).toBe('ERR_OFFHEAP_STALE');
        }
      }
    });

    it('sorts the Vec itself, or writes to it, loses no element but those written over', () => {
      const { vec, contents } = make();
      let isInner = false;
      vec.sort((a, b) => {
        if (!isInner) {
          isInner = true;
          vec.sort((c, d) => d.x - c.x);
        }
        return a.x - b.x;
      });
      expect(contents().sort()).toEqual([...UNCHANGED].sort());
      vec.sort((a, b) => {
        vec.set(0, { x: 42 });
        return a.x - b.x;
      });
      expect(contents().sort()).toEqual(expect.arrayContaining([42]));
      expect(vec.length).toBe(6);
    });
  });
});
