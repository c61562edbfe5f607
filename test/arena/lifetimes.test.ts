import { Box, BumpArena, BumpArenaLazy, type BlockLifetime, f64, FreeList, KiB, MiB, Vec } from '../../lib';
import { ARENAS, codeOf, DETACHES, WAYS } from './support';

const states = (lifetimes: readonly BlockLifetime[]): boolean[] => lifetimes.map(({ ended }) => ended);

/** Takes the ArrayBuffer of a view away, as Node does with what is enqueued into a byte stream. */
async function steal(view: Uint8Array): Promise<void> {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(view);
      controller.close();
    },
  });
  await stream.getReader().read();
}

describe.each(ARENAS)('The lifetime of a block in a %s', (_name, Arena) => {
  it.each(WAYS)('ends with %s, and a new block has another one', (way, startOver) => {
    const arena = new Arena(64 * KiB);
    const below = arena.lifetimeOf(arena.alloc(100)!);
    arena.checkpoint();
    const above = arena.lifetimeOf(arena.alloc(100)!);
    expect(states([below, above])).toEqual([false, false]);
    startOver(arena);
    expect(states([below, above])).toEqual([true, true]);
    if (way !== 'dispose') {
      const fresh = arena.lifetimeOf(arena.alloc(100)!);
      expect(states([fresh, below, above])).toEqual([false, true, true]);
    }
    arena.dispose();
  });

  it('is one for a block, through whatever view, and another one for each block', () => {
    using arena = new Arena(64 * KiB);
    const [first, second] = [arena.alloc(10)!, arena.alloc(10)!];
    const lifetime = arena.lifetimeOf(first);
    for (const view of [first, first.subarray(2, 5), new DataView(first.buffer, first.byteOffset, 10)]) {
      expect(arena.lifetimeOf(view) === lifetime).toBe(true);
    }
    const floats = arena.allocArray(Float64Array, 2)!;
    const others = [second, floats].map((block) => arena.lifetimeOf(block));
    expect([...others, lifetime].every((each, i, all) => all.indexOf(each) === i)).toBe(true);
    arena.checkpoint();
    expect(arena.lifetimeOf(first) === lifetime).toBe(true);
  });

  it('ends with the rewind to a checkpoint from before, and only then', () => {
    using arena = new Arena(64 * KiB);
    const first = arena.lifetimeOf(arena.alloc(10)!);
    const outer = arena.checkpoint();
    const second = arena.lifetimeOf(arena.alloc(10)!);
    const inner = arena.checkpoint();
    const block = arena.alloc(10)!; // whose lifetime nobody has asked for
    const third = arena.lifetimeOf(arena.alloc(10)!);
    arena.rewind(inner);
    expect(states([first, second, third])).toEqual([false, false, true]);
    expect(codeOf(() => arena.lifetimeOf(block))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    const fourth = arena.lifetimeOf(arena.alloc(10)!);
    arena.rewind(inner);
    arena.rewind(inner);
    expect(states([first, second, fourth])).toEqual([false, false, true]);
    const fifth = arena.lifetimeOf(arena.alloc(10)!);
    arena.rewind(outer);
    expect(states([first, second, fifth])).toEqual([false, true, true]);
    arena.rewind(outer);
    expect(first.ended).toBe(false);
  });

  it('tells checkpoints apart that were taken at the same place', () => {
    using arena = new Arena(64 * KiB);
    arena.alloc(100);
    const one = arena.checkpoint();
    arena.rewind(one);
    const two = arena.checkpoint();
    const block = arena.alloc(10)!;
    const lifetime = arena.lifetimeOf(block);
    arena.checkpoint();
    arena.rewind(two);
    expect(lifetime.ended).toBe(true);
    const next = arena.lifetimeOf(arena.alloc(10)!);
    arena.rewind(one);
    expect(next.ended).toBe(true);
  });

  it('ends with the scope that it was allocated in, whether that returns or throws', () => {
    using arena = new Arena(64 * KiB);
    const outside = arena.alloc(10)!;
    const outer = arena.lifetimeOf(outside);
    for (const fails of [false, true]) {
      const lifetimes: BlockLifetime[] = [];
      const work = (): void => {
        lifetimes.push(arena.lifetimeOf(arena.alloc(10)!));
        arena.scope(() => lifetimes.push(arena.lifetimeOf(arena.alloc(10)!)));
        expect(states(lifetimes)).toEqual([false, true]);
        if (fails) {
          throw Object.assign(new RangeError('inside'), { code: 'from inside' });
        }
      };
      const thrown = codeOf(() => {
        arena.scope(work);
      });
      expect(thrown).toBe(fails ? 'from inside' : undefined);
      expect(states([...lifetimes, outer])).toEqual([true, true, false]);
    }
    expect(arena.lifetimeOf(outside)).toBe(outer);
  });

  it('is that of the outer scope, seen from an inner one, too', () => {
    using arena = new Arena(64 * KiB);
    const bottom = arena.alloc(10)!;
    const seen: BlockLifetime[] = [];
    arena.scope(() => {
      const middle = arena.alloc(10)!;
      arena.scope(() => {
        const top = arena.alloc(10)!;
        seen.push(arena.lifetimeOf(bottom), arena.lifetimeOf(middle), arena.lifetimeOf(top));
        expect(new Set(seen).size).toBe(3);
      });
      expect(states(seen)).toEqual([false, false, true]);
      expect(arena.lifetimeOf(middle)).toBe(seen[1]);
    });
    expect(states(seen)).toEqual([false, true, true]);
    expect(arena.lifetimeOf(bottom)).toBe(seen[0]);
  });

  it('ends with an inner scope when the block is grown in place there', () => {
    using arena = new Arena(64 * KiB);
    const block = arena.alloc(100)!;
    const before = arena.lifetimeOf(block);
    const after = arena.scope(() => {
      const grown = arena.realloc(block, 200)!;
      expect([grown.byteOffset, before.ended]).toEqual([block.byteOffset, false]);
      return arena.lifetimeOf(grown);
    });
    expect(states([before, after])).toEqual([true, true]);
    expect(arena.used).toBe(100);
  });

  it('ends with the growth that is taken back, when a block is made as short as it was', () => {
    using arena = new Arena(64 * KiB);
    const block = arena.alloc(100)!;
    const before = arena.lifetimeOf(block);
    arena.scope(() => {
      const grown = arena.realloc(block, 200)!;
      expect(arena.lifetimeOf(arena.realloc(grown, 100)!) === before).toBe(false);
    });
    expect([before.ended, arena.owns(block)]).toEqual([true, true]);
  });

  it('ends when the block moves, and the new one ends with the scope that it moved in', () => {
    using arena = new Arena(64 * KiB);
    const block = arena.alloc(100)!;
    arena.alloc(1);
    const before = arena.lifetimeOf(block);
    const moved = arena.scope(() => {
      const lifetime = arena.lifetimeOf(arena.realloc(block, 200)!);
      expect(states([before, lifetime])).toEqual([true, false]);
      return lifetime;
    });
    expect(states([before, moved])).toEqual([true, true]);
  });

  it('goes on when the block grows in place', () => {
    using arena = new Arena(64 * KiB);
    const block = arena.alloc(100)!;
    const lifetime = arena.lifetimeOf(block);
    const sizes = [200, 1000].map((size) => {
      const current = arena.realloc(Buffer.from(block.buffer, 0, arena.used), size)!;
      return [arena.lifetimeOf(current) === lifetime, lifetime.ended];
    });
    expect(sizes).toEqual(Array(2).fill([true, false]));
  });

  it('ends when the block becomes shorter, for something may rest on what it loses', () => {
    using arena = new Arena(64 * KiB);
    const vec = Vec.newIn(arena, f64, 8)!;
    vec.extend([0, 1, 2, 3, 4, 5, 6, 7]);
    arena.realloc(vec.elements, 8);
    const box = Box.newIn(arena, f64, 42)!;
    expect(
      codeOf(() => {
        vec.set(1, -1);
      }),
    ).toBe('ERR_OFFHEAP_STALE');
    expect(box.value).toBe(42);
    const list = new FreeList(arena, { blockSize: 64, count: 2 });
    const run = list.alloc(64)!;
    arena.realloc(Buffer.from(run.buffer, run.byteOffset, 128), 8);
    expect(codeOf(() => list.alloc(64))).toBe('ERR_OFFHEAP_STALE');
  });

  it('never outlasts the memory, though checkpoints lie above what was freed since', () => {
    using arena = new Arena(64 * KiB);
    const first = arena.alloc(100)!;
    const high = arena.checkpoint();
    arena.free(first);
    const low = arena.checkpoint();
    const short = arena.alloc(50)!;
    const long = arena.alloc(100)!;
    const lifetimes = [short, long].map((block) => arena.lifetimeOf(block));
    arena.rewind(low);
    expect(states(lifetimes)).toEqual([true, true]);
    expect([arena.used, arena.owns(short)]).toEqual([0, false]);
    const next = arena.lifetimeOf(arena.alloc(150)!);
    arena.rewind(high);
    expect(next.ended).toBe(true);
  });

  it('ends with the block itself, the last one or not, and with no other one', () => {
    using arena = new Arena(64 * KiB);
    const blocks = [1, 2, 3].map(() => arena.alloc(104)!);
    const lifetimes = blocks.map((block) => arena.lifetimeOf(block));
    arena.trim();
    arena.free(arena.alloc(100)!);
    expect(states(lifetimes)).toEqual([false, false, false]);
    arena.free(blocks[1]!);
    expect(states(lifetimes)).toEqual([false, true, false]);
    arena.free(blocks[2]!);
    expect(states(lifetimes)).toEqual([false, true, true]);
    // The memory of the last one is another block's now.
    const next = arena.lifetimeOf(arena.alloc(300)!);
    expect([next.ended, ...states(lifetimes)]).toEqual([false, false, true, true]);
  });

  it('keeps anybody from giving up a part of the block', () => {
    using arena = new Arena(64 * KiB);
    const first = arena.alloc(104)!.fill(1);
    const block = arena.alloc(104)!.fill(2);
    const lifetime = arena.lifetimeOf(block);
    for (const part of [block.subarray(50), block.subarray(0, 50), Buffer.from(block.buffer, 0, 208)]) {
      expect(
        codeOf(() => {
          arena.free(part);
        }),
      ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(codeOf(() => arena.realloc(part, 10))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(codeOf(() => arena.realloc(part, 1000))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    }
    expect([lifetime.ended, arena.used, first[0], block[0], block[103]]).toEqual([false, 208, 1, 2, 2]);
    arena.free(block);
    expect([lifetime.ended, arena.used]).toEqual([true, 104]);
  });

  it('is refused for memory that is no live block', () => {
    using arena = new Arena(64 * KiB);
    using other = new Arena(64 * KiB);
    const freed = arena.alloc(100)!;
    arena.free(freed);
    for (const block of [freed, other.alloc(10)!, Buffer.alloc(10), new Uint8Array(10)]) {
      expect(codeOf(() => arena.lifetimeOf(block))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    }
    for (const block of [undefined, null, {}, new ArrayBuffer(8), 5]) {
      expect(codeOf(() => arena.lifetimeOf(block as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
    const block = arena.alloc(10)!;
    arena.dispose();
    expect(codeOf(() => arena.lifetimeOf(block))).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('is there for empty blocks', () => {
    using arena = new Arena(64 * KiB);
    const lifetime = arena.lifetimeOf(arena.alloc(0)!);
    expect(lifetime.ended).toBe(false);
    arena.reset();
    expect(lifetime.ended).toBe(true);
  });

  it('does not end where the arena refuses to go back', () => {
    using arena = new Arena(64 * KiB);
    const checkpoint = arena.checkpoint();
    const lifetime = arena.lifetimeOf(arena.alloc(10)!);
    const pin = arena.pin();
    for (const goBack of [
      ...WAYS.map(([, way]) => () => {
        way(arena);
      }),
      () => {
        arena.rewind(checkpoint);
      },
    ]) {
      expect(codeOf(goBack)).toBe('ERR_OFFHEAP_PINNED');
    }
    expect(lifetime.ended).toBe(false);
    pin.release();
    arena.rewind(checkpoint);
    expect(lifetime.ended).toBe(true);
  });
});

describe('The lifetime of a block whose ArrayBuffer somebody takes away', () => {
  it('ends in a BumpArena, for the contents are gone', async () => {
    using arena = new BumpArena(64 * KiB);
    const below = arena.lifetimeOf(arena.alloc(10)!);
    arena.checkpoint();
    const block = arena.alloc(10)!;
    const lifetime = arena.lifetimeOf(block);
    await steal(block);
    expect(codeOf(() => arena.lifetimeOf(block))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    const fresh = arena.lifetimeOf(arena.alloc(10)!);
    expect(states([below, lifetime, fresh])).toEqual([true, true, false]);
  });

  it('goes on in a BumpArenaLazy, for the memory is still there', async () => {
    using arena = new BumpArenaLazy(64 * KiB);
    const block = arena.alloc(10)!;
    const lifetime = arena.lifetimeOf(block);
    await steal(block);
    const next = arena.alloc(10)!;
    const again = Buffer.from(next.buffer, 0, 10);
    expect([lifetime.ended, arena.lifetimeOf(again) === lifetime]).toEqual([false, true]);
    arena.reset();
    expect(lifetime.ended).toBe(true);
  });
});

it('The lifetime of a block survives the growth of a BumpArenaLazy', () => {
  using arena = new BumpArenaLazy(64 * MiB);
  const block = arena.alloc(10)!;
  const lifetime = arena.lifetimeOf(block);
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 20; i++) {
    const each = arena.alloc(1 * MiB)!;
    buffers.add(each.buffer);
    expect(arena.lifetimeOf(each).ended).toBe(false);
  }
  expect(buffers.size).toBeGreaterThan(2);
  expect([lifetime.ended, arena.lifetimeOf(block) === lifetime]).toEqual([false, true]);
  arena.reset();
  expect([lifetime.ended, block.length]).toEqual([true, DETACHES ? 0 : 10]);
});
