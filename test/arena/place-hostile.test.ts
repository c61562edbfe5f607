import { array, type BumpArena, BumpArenaLazy, type Checkpoint, KiB, layoutOf, u64 } from '../../lib';
import { codeOf } from './support';
import { PLACING } from './typed-support';

describe.each(PLACING)('%s', (_title, { Arena, define, kinds }) => {
  const { Circle, Node } = kinds;
  const isLazy = Arena === BumpArenaLazy;

  describe('keeps records when blocks are freed or moved:', () => {
    it('refuses a view on the memory of one', () => {
      using arena = new Arena(4 * KiB);
      const block = arena.alloc(32)!;
      const circle = arena.place(Circle, { radius: 3 })!;
      const { used } = arena;
      for (const [from, to] of [
        [32, 48],
        [40, 48],
        [0, 48],
        [47, 48],
      ] as const) {
        const forged = Buffer.from(arena.buffer, from, to - from);
        expect(
          codeOf(() => {
            arena.free(forged);
          }),
        ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
        expect(codeOf(() => arena.realloc(forged, 0))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      }
      arena.free(block);
      expect([arena.used, circle.radius, arena.place(Circle, { radius: 4 })!.radius]).toEqual([used, 3, 4]);
      expect(circle.radius).toBe(3);
    });

    it('frees and moves the blocks above one', () => {
      using arena = new Arena(4 * KiB);
      const circle = arena.place(Circle, { radius: 3 })!;
      const block = arena.alloc(100)!;
      arena.free(block);
      expect(arena.used).toBe(16);
      const longer = arena.realloc(arena.realloc(arena.alloc(100)!, 200)!, 50)!;
      expect([longer.byteOffset, arena.used]).toEqual([16, 66]);
      arena.free(longer);
      expect([arena.used, circle.radius]).toEqual([16, 3]);
    });

    it('frees a block from before, once the records above are gone', () => {
      using arena = new Arena(4 * KiB);
      const block = arena.alloc(100)!;
      arena.scope(() => {
        arena.place(Circle);
      });
      const checkpoint = arena.checkpoint();
      arena.place(Circle);
      arena.rewind(checkpoint);
      const shorter = arena.realloc(block, 50)!;
      expect(arena.used).toBe(50);
      arena.free(shorter);
      expect(arena.used).toBe(0);
    });

    it('frees a block next to a record that takes no bytes', () => {
      using arena = new Arena(4 * KiB);
      arena.alloc(1, 1);
      expect(arena.place(define({ list: array(u64, 0) }))).not.toBeNull();
      arena.free(arena.alloc(4, 1)!);
      expect(arena.used).toBe(1);
    });
  });

  describe('goes on when somebody has taken the buffer away,', () => {
    async function steal(view: Uint8Array): Promise<void> {
      const stream = new ReadableStream({
        type: 'bytes',
        start(controller) {
          controller.enqueue(view);
        },
      });
      await stream.getReader().read();
    }

    it.each(['and a record is read before the next is placed', 'and the next is placed first'])('%s', async (order) => {
      using arena = new Arena(64 * KiB);
      const node = arena.place(Node, { id: 1, hash: Buffer.from('abc') })!;
      const checkpoint = arena.checkpoint();
      const above = arena.place(Node, { id: 2, next: node })!;
      await steal(node.hash);
      if (order.includes('read')) {
        codeOf(() => node.id);
        codeOf(() => above.id);
      }
      const { used } = arena;
      const next = arena.place(Node, { id: 3 })!;
      expect([next.id, arena.used]).toEqual([3, used + layoutOf(Node).size]);
      if (isLazy) {
        expect([node.id, above.id, above.next!.id]).toEqual([1, 2, 1]);
        node.id = 10;
        next.next = above;
        expect(next.next.next!.id).toBe(10);
      } else {
        for (const lost of [node, above]) {
          expect(codeOf(() => lost.id)).toBe('ERR_OFFHEAP_STALE');
          expect(codeOf(() => (lost.id = 5))).toBe('ERR_OFFHEAP_STALE');
          expect(codeOf(() => (next.next = lost))).toBe('ERR_OFFHEAP_STALE');
        }
      }
      arena.rewind(checkpoint);
      expect(codeOf(() => next.id)).toBe('ERR_OFFHEAP_STALE');
      arena.reset();
      expect(arena.place(Node, { id: 4 })!.id).toBe(4);
    });
  });

  describe('when getters of init use the arena:', () => {
    it('places what a getter places above', () => {
      using arena = new Arena(4 * KiB);
      let inner!: { radius: number };
      const outer = arena.place(Circle, {
        tag: 'out',
        get radius() {
          inner = arena.place(Circle, { radius: 5 })!;
          return 3;
        },
      })!;
      const next = arena.place(Circle, { radius: 9 })!;
      expect([outer.radius, outer.tag, inner.radius, next.radius]).toEqual([3, 'out', 5, 9]);
    });

    it('keeps what a getter has placed before it throws', () => {
      using arena = new Arena(4 * KiB);
      let inner!: { radius: number };
      const attempt = (): unknown =>
        arena.place(Circle, {
          get radius(): number {
            inner = arena.place(Circle, { radius: 5 })!;
            throw new Error('from a getter');
          },
        });
      expect(attempt).toThrow('from a getter');
      for (let i = 0; i < 3; i++) {
        arena.place(Circle, { radius: i });
      }
      expect(inner.radius).toBe(5);
      const { used } = arena;
      expect(() => arena.place(Circle, Object.defineProperty({}, 'radius', { get: attempt }))).toThrow();
      expect(arena.used).toBeGreaterThan(used);
    });

    const ways: [string, (arena: BumpArena, checkpoint: Checkpoint) => void][] = [
      [
        'reset',
        (arena) => {
          arena.reset();
        },
      ],
      [
        'renew',
        (arena) => {
          arena.renew();
        },
      ],
      [
        'resetUnsafe',
        (arena) => {
          arena.resetUnsafe();
        },
      ],
      [
        'rewind',
        (arena, checkpoint) => {
          arena.rewind(checkpoint);
        },
      ],
    ];

    it.each(ways)('places a record after %s', (_way, goBack) => {
      using arena = new Arena(4 * KiB);
      const checkpoint = arena.checkpoint();
      const before = arena.place(Circle)!;
      const circle = arena.place(Circle, {
        get radius() {
          goBack(arena, checkpoint);
          return 3;
        },
      })!;
      expect(codeOf(() => before.radius)).toBe('ERR_OFFHEAP_STALE');
      expect([circle.radius, arena.used]).toEqual([3, layoutOf(Circle).size]);
    });

    it.each(ways)('keeps what was allocated after %s', (_way, goBack) => {
      using arena = new Arena(4 * KiB);
      const checkpoint = arena.checkpoint();
      let inner!: { radius: number };
      const outer = arena.place(Circle, {
        get radius() {
          goBack(arena, checkpoint);
          inner = arena.place(Circle, { radius: 5 })!;
          return 3;
        },
      })!;
      arena.place(Circle, { radius: 9 });
      expect([inner.radius, outer.radius]).toEqual([5, 3]);
    });

    it('refuses a record of an arena that was disposed of meanwhile', () => {
      const arena = new Arena(4 * KiB);
      const attempt = (): unknown =>
        arena.place(Circle, {
          get radius() {
            arena.dispose();
            return 3;
          },
        });
      expect(codeOf(attempt)).toBe('ERR_OFFHEAP_DISPOSED');
      expect(codeOf(() => arena.used)).toBe('ERR_OFFHEAP_DISPOSED');
    });

    it('ends a record with the checkpoint that a getter takes', () => {
      using arena = new Arena(4 * KiB);
      let checkpoint!: Checkpoint;
      const circle = arena.place(Circle, {
        get radius() {
          checkpoint = arena.checkpoint();
          return 3;
        },
      })!;
      expect(circle.radius).toBe(3);
      arena.rewind(checkpoint);
      expect([codeOf(() => circle.radius), arena.used]).toEqual(['ERR_OFFHEAP_STALE', 0]);
    });

    it('shares no memory with a block, whatever a getter frees', () => {
      using arena = new Arena(4 * KiB);
      let circle: { radius: number } | null = null;
      codeOf(() => {
        circle = arena.place(Circle, {
          get radius() {
            arena.free(Buffer.from(arena.buffer, 0, arena.used));
            return 3;
          },
        });
      });
      arena.alloc(16)!.fill(255);
      expect((circle as { radius: number } | null)?.radius ?? 3).toBe(3);
    });

    it('goes on when a getter has the buffer taken away', () => {
      using arena = new Arena(4 * KiB);
      const before = arena.place(Circle, { radius: 1 })!;
      const place = (): { radius: number } =>
        arena.place(Circle, {
          get radius() {
            try {
              structuredClone(arena.buffer, { transfer: [arena.buffer] });
            } catch {
              // an external one
            }
            return 3;
          },
        })!;
      expect(place().radius).toBe(3);
      expect(codeOf(() => before.radius)).toBe(isLazy ? undefined : 'ERR_OFFHEAP_STALE');
      expect(arena.place(Circle, { radius: 4 })!.radius).toBe(4);
    });
  });
});
