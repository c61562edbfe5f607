import {
  type ArenaStats,
  BumpArena,
  BumpArenaLazy,
  MiB,
  struct,
  TypedArena,
  u32,
  watch,
  type Watchable,
} from '../../lib';
import { takeSnapshot } from '../../lib/monitor/snapshot';
import { codeOf } from '../arena/support';
import { settle } from '../support';

function watchedNames(): string[] {
  return takeSnapshot().arenas.map(({ name }) => name);
}

describe('watch()', () => {
  it('shows an arena by its name until it is ended', () => {
    using arena = new BumpArenaLazy(1 * MiB);
    arena.alloc(100);
    const parser = watch('parser', arena);
    expect(parser.name).toBe('parser');
    expect(takeSnapshot().arenas).toEqual([{ name: 'parser', stats: arena.stats }]);
    parser.end();
    expect(watchedNames()).toEqual([]);
    parser.end();
  });

  it('ends with the block that holds it', () => {
    using arena = new BumpArena(100);
    {
      using held = watch('scoped', arena);
      expect(watchedNames()).toEqual([held.name]);
    }
    expect(watchedNames()).toEqual([]);
  });

  it('gives a second arena another name, and ends only what it has begun', () => {
    using first = new BumpArena(100);
    using second = new BumpArena(200);
    const one = watch('twins', first);
    const two = watch('twins', second);
    expect([one.name, two.name]).toEqual(['twins', 'twins-2']);
    one.end();
    expect(watchedNames()).toEqual(['twins-2']);
    using third = new BumpArena(300);
    using _again = watch('twins', third);
    one.end(); // its name is somebody else's now
    expect(watchedNames().sort()).toEqual(['twins', 'twins-2']);
    two.end();
  });

  it('lets go of an arena that was disposed of', () => {
    const arena = new BumpArena(100);
    watch('short', arena);
    arena.dispose();
    expect(watchedNames()).toEqual([]);
  });

  it('leaves out an arena that cannot answer now, and shows it again', () => {
    class Point extends struct({ x: u32 }) {}
    const seen: string[][] = [];
    using arena: TypedArena<Point> = new TypedArena(Point, 10, { drop: () => seen.push(watchedNames()) });
    using _watch = watch('points', arena);
    arena.push();
    arena.reset();
    expect(seen).toEqual([[]]);
    expect(watchedNames()).toEqual(['points']);
  });

  it('does no harm where what is watched throws', () => {
    let works = true;
    const target = {
      get stats(): ArenaStats {
        if (!works) {
          throw new Error('broken');
        }
        return { live: 0, cached: 0, reserved: 0, committed: 0, resident: 0, highWaterMark: 0 };
      },
    };
    using _watch = watch('broken', target);
    expect(watchedNames()).toEqual(['broken']);
    works = false;
    expect(watchedNames()).toEqual([]);
  });

  it('keeps nothing alive', async () => {
    const make = (): WeakRef<BumpArena> => {
      const arena = new BumpArena(100);
      watch('dropped', arena);
      return new WeakRef(arena);
    };
    const dropped = make();
    await settle();
    expect(dropped.deref()).toBeUndefined();
    expect(watchedNames()).toEqual([]);
  });

  it.each([null, undefined, 5, 'arena', {}, () => 0, { stats: null }, { stats: { live: 1 } }])(
    'refuses to watch %p',
    (arena) => {
      expect(codeOf(() => watch('name', arena as Watchable))).toBe('ERR_INVALID_ARG_TYPE');
    },
  );

  it('refuses an arena that was disposed of', () => {
    const arena = new BumpArena(1);
    arena.dispose();
    expect(codeOf(() => watch('late', arena))).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('refuses a name that is no string', () => {
    expect(codeOf(() => watch(5 as unknown as string, new BumpArena(1)))).toBe('ERR_INVALID_ARG_TYPE');
  });
});
