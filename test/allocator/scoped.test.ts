import { inspect } from 'node:util';

import { heap, type Scope, ScopedAllocator, struct, u32 } from '../../lib';
import { codeOf, errorOf, TestSource } from './support';

const SCOPED = 'ERR_OFFHEAP_SCOPED';
const DISPOSED = 'ERR_OFFHEAP_DISPOSED';
const FOREIGN = 'ERR_OFFHEAP_FOREIGN_BLOCK';

class Point extends struct({ x: u32, y: u32 }) {}

/** What every method says that changes something. */
function codesOf(scope: Scope, block: Buffer): (string | undefined)[] {
  return [
    codeOf(() => scope.alloc(1)),
    codeOf(() => scope.alloc(0)),
    codeOf(() => scope.alloc(2 ** 40)),
    codeOf(() => scope.realloc(block, 4)),
    codeOf(() => {
      scope.free(block);
    }),
    codeOf(() => scope.place(Point)),
    codeOf(() => scope.place(struct({}))),
    codeOf(() => {
      scope.scope(() => {});
    }),
  ];
}

describe('ScopedAllocator', () => {
  it('hands out its block from the front, and answers null when that is used up', () => {
    using scoped = new ScopedAllocator(heap, 100);
    const first = scoped.alloc(10)!;
    const second = scoped.alloc(20, 32)!;
    expect([first.byteOffset, first.length, second.byteOffset, second.length]).toEqual([0, 10, 32, 20]);
    expect([scoped.capacity, scoped.used, scoped.remaining]).toEqual([100, 52, 48]);
    expect([scoped.alloc(49, 1), scoped.alloc(45), scoped.place(Point)!.x]).toEqual([null, null, 0]);
    expect(scoped.alloc(40, 1)).toHaveLength(40);
    expect([scoped.alloc(1, 1), scoped.place(Point), scoped.remaining]).toEqual([null, null, 0]);
  });

  it('gives up what was allocated in a scope when that is left', () => {
    using scoped = new ScopedAllocator(heap, 100);
    scoped.alloc(5);
    for (let round = 0; round < 1000; round++) {
      const answer = scoped.scope((inner) => {
        expect([inner.used, inner.capacity, inner.remaining]).toEqual([0, 95, 95]);
        const block = inner.alloc(90, 1)!.fill(round);
        expect([block.byteOffset, inner.alloc(90), inner.remaining]).toEqual([5, null, 5]);
        return block[89];
      });
      expect([answer, scoped.used, scoped.remaining]).toEqual([round & 0xff, 5, 95]);
    }
  });

  it('nests, as deep as one likes', () => {
    using scoped = new ScopedAllocator(heap, 1000);
    const blocks: Buffer[] = [];
    const dive = (scope: Scope, depth: number): void => {
      blocks.push(scope.alloc(8)!.fill(depth));
      if (depth < 100) {
        scope.scope((inner) => {
          expect(scope.isScoped).toBe(true);
          dive(inner, depth + 1);
        });
        expect(scope.isScoped).toBe(false);
        expect([scope.used, scope.remaining]).toEqual([8, 1000 - 8 * (depth + 1)]);
      }
    };
    dive(scoped, 0);
    expect(blocks.map(({ byteOffset }) => byteOffset)).toEqual(blocks.map((_, depth) => 8 * depth));
    expect(blocks.every((block, depth) => block.every((byte) => byte === depth))).toBe(true);
    expect(scoped.alloc(992)).toHaveLength(992);
  });

  it.each([1, 2, 3, 50])('stays usable after a function has thrown at depth %d', (depth) => {
    using scoped = new ScopedAllocator(heap, 1000);
    scoped.alloc(8);
    const outer: Scope[] = [];
    const dive = (scope: Scope, left: number): void => {
      outer.push(scope);
      scope.alloc(8);
      if (left === 0) {
        throw new Error('deep inside');
      }
      scope.scope((inner) => {
        dive(inner, left - 1);
      });
    };
    expect(() => {
      dive(scoped, depth);
    }).toThrow('deep inside');
    expect(outer.map(({ isScoped }) => isScoped)).toEqual(outer.map(() => false));
    expect(outer.slice(1).map((scope) => codeOf(() => scope.alloc(1)))).toEqual(Array(depth).fill(DISPOSED));
    expect([scoped.used, scoped.remaining]).toEqual([16, 984]);
    expect(scoped.scope((inner) => inner.alloc(984))).toHaveLength(984);
  });

  it('keeps the outer scopes open when one inside is caught', () => {
    using scoped = new ScopedAllocator(heap, 1000);
    scoped.scope((outer) => {
      const block = outer.alloc(8)!;
      for (let i = 0; i < 3; i++) {
        expect(() => outer.scope((inner) => inner.scope(() => outer.alloc(1)))).toThrow(
          /scope of this allocator is open/,
        );
        expect([outer.isScoped, scoped.isScoped, outer.used]).toEqual([false, true, 8]);
      }
      outer.free(block);
    });
    expect(scoped.isScoped).toBe(false);
  });

  it('stays usable when the stack overflows in scopes', () => {
    using scoped = new ScopedAllocator(heap, 1000);
    const dive = (scope: Scope): void => {
      scope.alloc(1, 1);
      scope.scope(dive);
    };
    for (let i = 0; i < 20; i++) {
      expect(
        errorOf(() => {
          dive(scoped);
        }),
      ).toMatchObject({ name: 'RangeError' });
      expect(scoped.isScoped).toBe(false);
    }
    expect(scoped.scope((inner) => inner.alloc(980, 1))).toHaveLength(980);
  });

  it('refuses everything but questions while a scope is open', () => {
    using scoped = new ScopedAllocator(heap, 1000);
    const block = scoped.alloc(8)!;
    expect(scoped.isScoped).toBe(false);
    scoped.scope((middle) => {
      const other = middle.alloc(8)!;
      expect([scoped.isScoped, middle.isScoped]).toEqual([true, false]);
      expect(codesOf(scoped, block)).toEqual(Array(8).fill(SCOPED));
      middle.scope((inner) => {
        expect([scoped.isScoped, middle.isScoped, inner.isScoped]).toEqual([true, true, false]);
        expect([...codesOf(scoped, block), ...codesOf(middle, other)]).toEqual(Array(16).fill(SCOPED));
        expect(
          codeOf(() => {
            scoped.dispose();
          }),
        ).toBe(SCOPED);
        expect([scoped.owns(block), middle.owns(other), inner.owns(other)]).toEqual([true, true, false]);
        expect([scoped.used, middle.used, inner.alloc(4)!.length]).toEqual([8, 8, 4]);
        expect([scoped.lifetimeOf(block).ended, middle.lifetimeOf(other).ended]).toEqual([false, false]);
      });
      expect(codesOf(scoped, block)).toEqual(Array(8).fill(SCOPED));
      expect(middle.realloc(other, 4)).toHaveLength(4);
    });
    expect(codesOf(scoped, scoped.alloc(8)!)).toEqual(Array(8).fill(undefined));
  });

  it('throws for every method of an allocator that was kept beyond its scope', () => {
    using scoped = new ScopedAllocator(heap, 1000);
    let block!: Buffer;
    const kept = [
      scoped.scope((inner) => {
        block = inner.alloc(8)!;
        return inner;
      }),
    ];
    expect(() => {
      scoped.scope((inner) => {
        inner.scope((deeper) => kept.push(deeper, inner));
        throw new Error('left');
      });
    }).toThrow('left');
    for (const scope of kept) {
      expect(codesOf(scope, block)).toEqual(Array(8).fill(DISPOSED));
      for (const use of [
        () => scope.owns(block),
        () => scope.lifetimeOf(block),
        () => scope.used,
        () => scope.capacity,
        () => scope.remaining,
      ]) {
        expect(codeOf(use)).toBe(DISPOSED);
      }
      expect([scope.isScoped, inspect(scope)]).toEqual([false, 'Scope { disposed }']);
    }
    scoped.scope(() => {
      expect(kept.flatMap((scope) => codesOf(scope, block))).toEqual(Array(24).fill(DISPOSED));
    });
  });

  it('knows no block of another scope', () => {
    using scoped = new ScopedAllocator(heap, 1000);
    using other = new ScopedAllocator(heap, 1000);
    const outside = scoped.alloc(8)!;
    scoped.scope((inner) => {
      const inside = inner.alloc(8)!;
      for (const foreign of [
        outside,
        other.alloc(8)!,
        Buffer.alloc(8),
        Buffer.from(inside.buffer, 8, 9),
        Buffer.from(inside.buffer),
      ]) {
        expect(inner.owns(foreign)).toBe(false);
        expect(codeOf(() => inner.realloc(foreign, 4))).toBe(FOREIGN);
        expect(codeOf(() => inner.lifetimeOf(foreign))).toBe(FOREIGN);
        expect(
          codeOf(() => {
            inner.free(foreign);
          }),
        ).toBe(FOREIGN);
      }
      expect([scoped.owns(inside), inner.owns(inside), inner.owns(inside.subarray(3))]).toEqual([false, true, true]);
    });
  });

  it('gives the block back once, and refuses everything afterwards', () => {
    const source = new TestSource();
    const scoped = new ScopedAllocator(source, 100);
    const block = scoped.alloc(8)!;
    const point = scoped.place(Point)!;
    scoped.dispose();
    scoped.dispose();
    scoped[Symbol.dispose]();
    expect([source.live.size, source.freed.length]).toEqual([0, 1]);
    expect(codesOf(scoped, block)).toEqual(Array(8).fill(DISPOSED));
    expect([codeOf(() => scoped.used), codeOf(() => scoped.owns(block))]).toEqual([DISPOSED, DISPOSED]);
    expect([codeOf(() => point.x), inspect(scoped)]).toEqual(['ERR_OFFHEAP_STALE', 'ScopedAllocator { disposed }']);
  });

  it('can be disposed of again where the source has thrown', () => {
    const source = new TestSource();
    const scoped = new ScopedAllocator(source, 100);
    source.failure = new Error('not now');
    expect(() => {
      scoped.dispose();
    }).toThrow('not now');
    expect([scoped.alloc(8)!.length, scoped.used, source.live.size]).toEqual([8, 8, 1]);
    const point = scoped.place(Point, { x: 5 })!;
    expect(point.x).toBe(5);
    source.failure = null;
    scoped.dispose();
    expect([codeOf(() => point.x), source.live.size]).toEqual(['ERR_OFFHEAP_STALE', 0]);
  });

  it('is not made where the source has no room', () => {
    const source = new TestSource();
    source.room = 0;
    expect(errorOf(() => new ScopedAllocator(source, 1536))).toMatchObject({
      code: 'ERR_OFFHEAP_FULL',
      message: expect.stringContaining('1.5 KiB') as string,
    });
    expect(codeOf(() => new ScopedAllocator(heap, Number.MAX_SAFE_INTEGER))).toBe('ERR_OFFHEAP_FULL');
  });

  it('says how much of it is used', () => {
    using scoped = new ScopedAllocator(heap, 4096);
    scoped.alloc(1536);
    expect(inspect(scoped)).toBe('ScopedAllocator { used: 1.5 KiB, capacity: 4 KiB }');
    scoped.scope((inner) => {
      expect(inspect(scoped)).toBe('ScopedAllocator { used: 1.5 KiB, capacity: 4 KiB, scoped }');
      expect(inspect(inner)).toBe('Scope { used: 0 B, capacity: 2.5 KiB }');
    });
  });

  it('makes no scopes but by scope()', () => {
    const Base = Object.getPrototypeOf(ScopedAllocator) as new (...args: unknown[]) => unknown;
    using scoped = new ScopedAllocator(heap, 8);
    for (const args of [[], [{}, 0, 0], [scoped, 0, 0], [null, 0, 0]]) {
      expect(codeOf(() => new Base(...args))).toBe('ERR_ILLEGAL_CONSTRUCTOR');
    }
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    for (const wrong of [
      undefined,
      null,
      5,
      'heap',
      {},
      { alloc() {}, free() {} },
      { alloc: 1, realloc: 1, free: 1 },
    ]) {
      expect(codeOf(() => new ScopedAllocator(wrong as never, 100))).toBe('ERR_INVALID_ARG_TYPE');
    }
    using scoped = new ScopedAllocator(heap, 100);
    const block = scoped.alloc(8)!;
    for (const wrong of ['8', null, 8n, {}, undefined] as never[]) {
      expect(codeOf(() => new ScopedAllocator(heap, wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => scoped.alloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => scoped.realloc(block, wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          scoped.scope(wrong);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => scoped.place(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(
        codeOf(() => {
          scoped.free(wrong);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => scoped.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [-1, 1.5, NaN, Infinity, 2 ** 53]) {
      expect(codeOf(() => new ScopedAllocator(heap, wrong))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => scoped.alloc(wrong))).toBe('ERR_OUT_OF_RANGE');
      expect(codeOf(() => scoped.realloc(block, wrong))).toBe('ERR_OUT_OF_RANGE');
    }
    expect([0, 3, -8, 2 ** 31].map((align) => codeOf(() => scoped.alloc(8, align)))).toEqual(
      Array(4).fill('ERR_OUT_OF_RANGE'),
    );
    expect([codeOf(() => scoped.alloc(8, '8' as never)), scoped.used]).toEqual(['ERR_INVALID_ARG_TYPE', 8]);
  });
});
