import type { BumpArena, Checkpoint } from '../../lib';
import { collectGarbage } from '../support';
import { ARENAS, codeOf } from './support';

const stale = (arena: BumpArena, checkpoint: Checkpoint): boolean =>
  codeOf(() => {
    arena.rewind(checkpoint);
  }) === 'ERR_OFFHEAP_STALE';

describe.each(ARENAS)('%s, going back,', (_name, Arena) => {
  it('nests checkpoints, and can go back to one more than once', () => {
    using arena = new Arena(1024);
    arena.alloc(10, 1);
    const outer = arena.checkpoint();
    expect(outer.offset).toBe(10);
    arena.alloc(10, 1);
    const inner = arena.checkpoint();
    for (let i = 0; i < 3; i++) {
      arena.alloc(10, 1);
      arena.rewind(inner);
      expect(arena.used).toBe(20);
    }
    for (let i = 0; i < 3; i++) {
      arena.alloc(10, 1);
      arena.rewind(outer);
      expect(arena.used).toBe(10);
    }
  });

  it('makes checkpoints stale that were taken after the one it goes back to', () => {
    using arena = new Arena(1024);
    const first = arena.checkpoint();
    arena.alloc(8);
    const second = arena.checkpoint();
    arena.alloc(8);
    const third = arena.checkpoint();
    arena.rewind(second);
    expect(stale(arena, third)).toBe(true);
    arena.rewind(first);
    expect(stale(arena, second)).toBe(true);
    arena.alloc(64);
    expect(stale(arena, second)).toBe(true);
    expect(arena.used).toBe(64);
    arena.rewind(first);
  });

  it('tells checkpoints apart that were taken at the same offset', () => {
    using arena = new Arena(1024);
    const first = arena.checkpoint();
    const second = arena.checkpoint();
    arena.rewind(second);
    arena.rewind(first);
    expect(stale(arena, second)).toBe(true);
    const third = arena.checkpoint();
    arena.rewind(third);
    const fourth = arena.checkpoint();
    arena.rewind(third);
    expect(stale(arena, fourth)).toBe(true);
    arena.rewind(first);
    expect(stale(arena, third)).toBe(true);
    arena.rewind(first);
  });

  it.each(['reset', 'renew', 'resetUnsafe'] as const)('makes all checkpoints stale by %s', (way) => {
    using arena = new Arena(1024);
    const checkpoint = arena.checkpoint();
    arena[way]();
    expect(stale(arena, checkpoint)).toBe(true);
  });

  it('refuses a checkpoint of another arena', () => {
    using arena = new Arena(1024);
    using other = new Arena(1024);
    expect(stale(arena, other.checkpoint())).toBe(true);
    expect(
      codeOf(() => {
        arena.rewind({ offset: 0 } as unknown as Checkpoint);
      }),
    ).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('keeps no trace of a million checkpoints in a loop', () => {
    using arena = new Arena(1024);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 1_000_000; i++) {
      const outer = arena.checkpoint();
      arena.allocOffset(8);
      const inner = arena.checkpoint();
      arena.allocOffset(8);
      arena.rewind(inner);
      arena.rewind(outer);
    }
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(8 * 1024 * 1024);
  });

  describe('by a scope,', () => {
    it('returns what the function returned and gives its memory up', () => {
      using arena = new Arena(1024);
      arena.alloc(8);
      const result = arena.scope((inner) => {
        expect(inner).toBe(arena);
        inner.alloc(100);
        return inner.scope((innermost) => innermost.used + innermost.alloc(8)!.length);
      });
      expect(result).toBe(108 + 8);
      expect(arena.used).toBe(8);
    });

    it('gives memory up when the function throws, and throws the same', () => {
      using arena = new Arena(1024);
      const error = new Error('inside');
      expect(() =>
        arena.scope(() => {
          arena.alloc(100);
          throw error;
        }),
      ).toThrow(error);
      expect(arena.used).toBe(0);
      arena.scope(() => arena.alloc(8));
      expect(arena.used).toBe(0);
    });

    it('makes checkpoints from inside stale, and leaves those from outside', () => {
      using arena = new Arena(1024);
      const outside = arena.checkpoint();
      const inside = arena.scope(() => arena.checkpoint());
      expect(stale(arena, inside)).toBe(true);
      arena.rewind(outside);
    });

    it('goes on from where the function went back to, or started over', () => {
      using arena = new Arena(1024);
      arena.alloc(8);
      const outside = arena.checkpoint();
      arena.alloc(8);
      arena.scope(() => {
        arena.rewind(outside);
      });
      expect(arena.used).toBe(8);
      arena.scope(() => {
        arena.reset();
        arena.alloc(32);
      });
      expect(arena.used).toBe(32);
      arena.scope(() => {
        arena.dispose();
      });
      expect(codeOf(() => arena.used)).toBe('ERR_OFFHEAP_DISPOSED');
    });

    it('refuses a function that returns a promise, and names what to use', () => {
      using arena = new Arena(1024);
      let ran = false;
      expect(
        codeOf(() =>
          arena.scope(async () => {
            ran = true;
            await Promise.resolve();
          }),
        ),
      ).toBe('ERR_OFFHEAP_ASYNC_SCOPE');
      expect(ran).toBe(false);
      expect(() =>
        arena.scope(() => {
          arena.alloc(8);
          return Promise.reject(new Error('is not reported twice'));
        }),
      ).toThrow(/checkpoint\(\).*pin\(\)/);
      expect(arena.used).toBe(0);
    });

    it('takes whatever has a method `then` for a promise, and nothing else', () => {
      using arena = new Arena(1024);
      const thenables = [
        { then: () => undefined },
        Object.assign(() => undefined, { then: () => undefined }),
        {
          then: () => {
            throw new Error('at once');
          },
        },
      ];
      for (const thenable of thenables) {
        expect(codeOf(() => arena.scope(() => thenable))).toBe('ERR_OFFHEAP_ASYNC_SCOPE');
      }
      const others = [
        { then: 1 },
        {
          get then(): never {
            throw new Error('no promise');
          },
        },
        () => 1,
        null,
        'then',
      ];
      for (const other of others) {
        expect(arena.scope(() => other)).toBe(other);
      }
    });
  });
});
