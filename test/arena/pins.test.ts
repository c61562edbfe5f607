import { inspect } from 'node:util';

import { BumpArenaLazy, MiB, OffheapError } from '../../lib';
import { ARENAS, codeOf } from './support';

describe.each(ARENAS)('%s, pinned,', (_name, Arena) => {
  it('refuses whatever gives memory up, and loses nothing', () => {
    using arena = new Arena(1024);
    const checkpoint = arena.checkpoint();
    const block = arena.alloc(100)!.fill(1);
    const pin = arena.pin();
    const actions = [
      () => {
        arena.reset();
      },
      () => {
        arena.renew();
      },
      () => {
        arena.renew({ detach: true });
      },
      () => {
        arena.resetUnsafe();
      },
      () => {
        arena.rewind(checkpoint);
      },
      () => {
        arena.trim();
      },
      () => {
        arena.dispose();
      },
    ];
    for (const action of actions) {
      expect(codeOf(action)).toBe('ERR_OFFHEAP_PINNED');
    }
    expect(arena.used).toBe(100);
    expect(arena.owns(block)).toBe(true);
    expect(block.every((byte) => byte === 1)).toBe(true);
    expect(arena.alloc(10)).toHaveLength(10);
    pin.release();
    arena.rewind(checkpoint);
    for (const action of actions.filter((_, index) => index !== 4)) {
      expect(codeOf(action)).toBeUndefined();
    }
  });

  it('counts its pins, and each of them once', () => {
    using arena = new Arena(1024);
    const first = arena.pin();
    const second = arena.pin();
    first.release();
    first.release();
    expect(
      codeOf(() => {
        arena.reset();
      }),
    ).toBe('ERR_OFFHEAP_PINNED');
    second.release();
    arena.reset();
  });

  it('is let go by `using`', () => {
    using arena = new Arena(1024);
    {
      using _pin = arena.pin();
      expect(
        codeOf(() => {
          arena.reset();
        }),
      ).toBe('ERR_OFFHEAP_PINNED');
    }
    arena.reset();
  });

  it('keeps what a scope allocated when a pin outlives it', () => {
    using arena = new Arena(1024);
    let pin = arena.pin();
    pin.release();
    expect(
      codeOf(() => {
        arena.scope(() => {
          arena.alloc(100);
          pin = arena.pin();
        });
      }),
    ).toBe('ERR_OFFHEAP_PINNED');
    expect(arena.used).toBe(100);
    expect(codeOf(() => arena.scope(() => 1))).toBe('ERR_OFFHEAP_PINNED');
    pin.release();
    const error = new Error('inside');
    const fail = (): never => {
      pin = arena.pin();
      throw error;
    };
    expect(() => arena.scope(fail)).toThrow(error);
    pin.release();
    arena.reset();
  });
});

describe.each(ARENAS)('%s, disposed of,', (_name, Arena) => {
  it('refuses everything but to be disposed of again', () => {
    const arena = new Arena(1024);
    const checkpoint = arena.checkpoint();
    const block = arena.alloc(10)!;
    arena.dispose();
    arena.dispose();
    arena[Symbol.dispose]();
    const uses: (() => unknown)[] = [
      () => arena.alloc(1),
      () => arena.alloc(0),
      () => arena.allocZeroed(1),
      () => arena.allocArray(Uint8Array, 1),
      () => arena.allocOffset(1),
      () => arena.realloc(block, 1),
      () => {
        arena.free(block);
      },
      () => arena.owns(block),
      () => arena.capacity,
      () => arena.used,
      () => arena.remaining,
      () => arena.highWaterMark,
      () => arena.buffer,
      () => arena.views,
      () => arena.checkpoint(),
      () => {
        arena.rewind(checkpoint);
      },
      () => arena.scope(() => 1),
      () => arena.pin(),
      () => {
        arena.reset();
      },
      () => {
        arena.renew();
      },
      () => {
        arena.resetUnsafe();
      },
      () => {
        arena.trim();
      },
    ];
    if (arena instanceof BumpArenaLazy) {
      uses.push(
        () => arena.committed,
        () => arena.resident,
      );
    }
    for (const use of uses) {
      expect([codeOf(use), use.toString()]).toEqual(['ERR_OFFHEAP_DISPOSED', use.toString()]);
    }
    expect(inspect(arena)).toBe(`${Arena.name} { disposed }`);
  });

  it('leaves views that can be read and written', () => {
    const arena = new Arena(1 * MiB);
    const block = arena.alloc(1 * MiB)!.fill(1);
    arena.dispose();
    expect(block).toHaveLength(1 * MiB);
    if (arena instanceof BumpArenaLazy) {
      expect(block.includes(1)).toBe(false);
    }
    block.fill(2);
    expect(block.at(-1)).toBe(2);
  });

  it('is disposed of by `using`, also when something throws', () => {
    let kept: InstanceType<typeof Arena> | undefined;
    expect(() => {
      using arena = new Arena(10);
      kept = arena;
      throw new Error('inside');
    }).toThrow('inside');
    expect(codeOf(() => kept!.used)).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('shows its sizes when it is printed', () => {
    using arena = new Arena(1 * MiB);
    arena.alloc(1536);
    expect(inspect(arena)).toMatch(/^BumpArena(Lazy)? \{ used: 1\.5 KiB, capacity: 1 MiB, highWaterMark: 1\.5 KiB/);
  });
});

it('an error is an OffheapError, with its code and a name', () => {
  const arena = new BumpArenaLazy(10);
  arena.dispose();
  const error: unknown = (() => {
    try {
      return arena.used;
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toBeInstanceOf(OffheapError);
  expect(error).toMatchObject({ name: 'OffheapError', code: 'ERR_OFFHEAP_DISPOSED' });
});

it('a class of one’s own may have methods of whatever name', () => {
  class Closing extends BumpArenaLazy {
    close(): void {}
    goBack(): void {}
    startOver(): void {}
    checkOpen(): void {}
    describe(): void {}
  }
  const arena = new Closing(1 * MiB);
  arena.alloc(10);
  arena.reset();
  expect(arena.used).toBe(0);
  expect(inspect(arena)).toMatch(/^Closing \{ used: 0 B/);
  arena.dispose();
  expect(codeOf(() => arena.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
});
