import { XMLParser, XMLValidator } from 'fast-xml-parser';

import {
  ArenaPool,
  type ArenaStats,
  BufferPool,
  BumpAlloc,
  BumpArena,
  BumpArenaLazy,
  GiB,
  KiB,
  MemoryArena,
  memoryMap,
  type MemoryMapOptions,
  type MemoryMapTarget,
  memoryUsage,
  setMemoryLimit,
  MiB,
  struct,
  TypedArenaLazy,
  u32,
} from '../../lib';
import { codeOf } from '../arena/support';

interface Box {
  readonly class: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is in a picture, which has to be a well-formed document. */
class Picture {
  readonly boxes: readonly Box[];
  readonly texts: readonly string[];
  readonly title: string;
  readonly description: string;

  constructor(svg: string) {
    expect(XMLValidator.validate(svg)).toBe(true);
    const options = {
      ignoreAttributes: false,
      attributeNamePrefix: '',
      parseAttributeValue: true,
      parseTagValue: false,
    };
    const always = { isArray: (name: string) => ['rect', 'text'].includes(name) };
    const { svg: root } = new XMLParser({ ...options, ...always }).parse(svg) as {
      svg: { rect?: Box[]; text: { '#text': string }[]; title: string; desc: string };
    };
    this.boxes = (root.rect ?? []).filter((box) => box.class !== 'paper');
    this.texts = root.text.map((text) => text['#text']);
    this.title = root.title;
    this.description = root.desc;
  }

  /** The boxes of a style, without that in the legend, which is always 14 wide and 12 high. */
  of(style: string): Box[] {
    return this.boxes.filter((box) => box.class === style && !(box.width === 14 && box.height === 12));
  }

  width(style: string): number {
    return this.of(style)[0]!.width;
  }
}

/** An object whose statistics are these. */
function withStats(stats: Partial<ArenaStats>): MemoryMapTarget {
  return { stats: { live: 0, cached: 0, reserved: 0, committed: 0, resident: 0, highWaterMark: 0, ...stats } };
}

describe('memoryMap() of an arena', () => {
  it('draws lengths in proportion, one within the other', () => {
    const picture = new Picture(
      memoryMap(
        withStats({
          reserved: 80 * MiB,
          committed: 60 * MiB,
          resident: 40 * MiB,
          live: 10 * MiB,
          highWaterMark: 30 * MiB,
        }),
      ),
    );
    const whole = picture.width('reserved');
    expect(picture.width('committed') / whole).toBeCloseTo(60 / 80, 3);
    expect(picture.width('resident') / whole).toBeCloseTo(40 / 80, 3);
    expect(picture.width('live') / whole).toBeCloseTo(10 / 80, 3);
    const levels = ['reserved', 'committed', 'resident', 'live'].map((style) => picture.of(style)[0]!);
    for (const [i, inner] of levels.slice(1).entries()) {
      const outer = levels[i]!;
      expect(inner.x).toBe(outer.x);
      expect(inner.y).toBeGreaterThan(outer.y);
      expect(inner.y + inner.height).toBe(outer.y + outer.height);
    }
    expect(picture.texts).toEqual(expect.arrayContaining(['80 MiB', '60 MiB', '40 MiB', '10 MiB', 'most ever 30 MiB']));
    expect(picture.texts.join()).not.toContain('not to scale');
  });

  it('breaks the bar of the addresses where they dwarf the rest, says so, and keeps the rest to scale', () => {
    const picture = new Picture(
      memoryMap(withStats({ reserved: 64 * GiB, committed: 64 * MiB, resident: 32 * MiB, live: 16 * MiB })),
    );
    expect(picture.texts).toContain('1,024 × more: not to scale');
    expect(picture.width('resident') / picture.width('committed')).toBeCloseTo(1 / 2, 3);
    expect(picture.width('live') / picture.width('committed')).toBeCloseTo(1 / 4, 3);
    expect(picture.width('committed')).toBeLessThan(picture.width('reserved'));
  });

  it('leaves a high-water mark out of the scale that is from better days, and still names it', () => {
    const now = { reserved: 8 * MiB, committed: 8 * MiB, resident: 8 * MiB, live: 4 * MiB };
    const near = new Picture(memoryMap(withStats({ ...now, highWaterMark: 8 * MiB })));
    const far = new Picture(memoryMap(withStats({ ...now, highWaterMark: 8 * GiB })));
    expect(far.width('live')).toBe(near.width('live'));
    expect(near.texts).toContain('most ever');
    expect(far.texts).not.toContain('most ever');
    expect(far.texts).toContain('most ever 8 GiB');
  });

  it.each([
    ['nothing at all', {}],
    ['addresses alone', { reserved: 4 * GiB }],
    ['one byte of each', { reserved: 1, committed: 1, resident: 1, live: 1, highWaterMark: 1 }],
    ['more resident than committed', { reserved: 10, committed: 10, resident: 4096, live: 10 }],
    ['the largest numbers', { reserved: 2 ** 53 - 1, committed: 2 ** 53 - 1, resident: 2 ** 52, live: 2 ** 51 }],
  ])('can draw %s', (_what, stats) => {
    const { boxes } = new Picture(memoryMap(withStats(stats)));
    for (const { x, width } of boxes) {
      expect(width).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(800);
    }
  });

  it('is there for every kind of them', () => {
    const all = [
      new BumpArena(1 * MiB),
      new BumpArenaLazy(1 * MiB),
      new MemoryArena(),
      new BumpAlloc(),
      new TypedArenaLazy(struct({ id: u32 }), 100),
    ];
    expect(all.map((each) => new Picture(memoryMap(each)).title)).toEqual([
      'BumpArena',
      'BumpArenaLazy',
      'MemoryArena',
      'BumpAlloc',
      'TypedArenaLazy',
    ]);
  });

  it('says in words what it draws', () => {
    using arena = new BumpArenaLazy(1 * MiB);
    arena.alloc(100 * KiB)!.fill(1);
    const { description } = new Picture(memoryMap(arena));
    expect(description).toMatch(
      /^1 MiB reserved, .* committed, .* resident, 100 KiB in use\. \d+ % of the physical memory/,
    );
  });
});

describe('memoryMap() of a BufferPool', () => {
  it('has a row for each size class that holds something, on one scale', () => {
    using pool = new BufferPool({ name: 'bodies', leakDetection: 'off' });
    const [, second] = [pool.acquire(4 * MiB), pool.acquire(4 * MiB), pool.acquire(1 * MiB)];
    pool.release(second);
    pool.release(pool.acquire(64 * KiB));
    const { stats } = pool;
    const picture = new Picture(memoryMap(pool));
    expect(picture.title).toBe('BufferPool bodies');
    const held = stats.sizes.filter(({ live, cached }) => live + cached > 0);
    const [nested, ...live] = picture.of('live');
    const cached = picture.of('cached');
    expect(live).toHaveLength(held.length);
    expect(cached).toHaveLength(held.length);
    const scale = live.at(-1)!.width / (held.at(-1)!.live * held.at(-1)!.size);
    for (const [i, each] of held.entries()) {
      expect(live[i]!.width).toBeCloseTo(scale * each.live * each.size, 1);
      expect(cached[i]!.width).toBeCloseTo(scale * each.cached * each.size, 1);
      expect(cached[i]!.x).toBeCloseTo(live[i]!.x + live[i]!.width, 1);
    }
    expect(nested!.width / picture.width('committed')).toBeCloseTo(stats.live / stats.committed, 2);
  });

  it('hatches what was rounded up', () => {
    using pool = new BufferPool({ name: 'rounded' });
    const size = 17 * KiB;
    Array.from({ length: 50 }, () => pool.acquire(size).fill(1));
    const picture = new Picture(memoryMap(pool));
    const [rounding, live] = [picture.of('rounding')[0]!, picture.of('live')[0]!];
    expect(pool.stats.fragmentation).toBeGreaterThan(0.05);
    expect(rounding.width / (rounding.width + live.width)).toBeCloseTo(pool.stats.fragmentation, 2);
    expect(rounding.x).toBeCloseTo(live.x + live.width, 1);
    expect(picture.texts).toContain('rounded up, and not asked for');
  });

  it('draws Buffers of Node’s own beside the pool not as memory of it', () => {
    using pool = new BufferPool({ name: 'small', maxBytes: 1 * MiB });
    const buffers = Array.from({ length: 8 }, () => pool.acquire(500 * KiB));
    expect(pool.stats.fallbacks).toBeGreaterThan(0);
    const picture = new Picture(memoryMap(pool));
    expect(picture.width('live')).toBeLessThanOrEqual(picture.width('reserved'));
    expect(picture.texts.join()).toMatch(/MiB more in Buffers of Node's own/);
    buffers.forEach((buffer) => {
      pool.release(buffer);
    });
  });

  it('says that a new one holds nothing', () => {
    using pool = new BufferPool({ name: 'new' });
    const { texts } = new Picture(memoryMap(pool));
    expect(texts).toEqual(expect.arrayContaining(['Nothing is in use.', 'nothing yet']));
  });

  it('counts the classes that hold nothing any more', () => {
    using pool = new BufferPool({ name: 'idle', leakDetection: 'off' });
    pool.release(pool.acquire(1000));
    pool.release(pool.acquire(100_000));
    pool.trim();
    expect(new Picture(memoryMap(pool)).texts).toContain('2 more size classes hold nothing now.');
  });
});

describe('memoryMap() of an ArenaPool', () => {
  it('has what requests use, and what waits for them', () => {
    using pool = new ArenaPool({ name: 'requests' });
    const arenas = [pool.acquire(), pool.acquire(), pool.acquire()];
    arenas.forEach((arena) => arena.alloc(1 * MiB)!.fill(1));
    pool.release(arenas.pop()!);
    const { live, cached, resident, committed } = pool.stats;
    const picture = new Picture(memoryMap(pool));
    expect(picture.title).toBe('ArenaPool requests');
    const [nested, withRequests] = picture.of('live');
    expect(nested!.width / picture.width('committed')).toBeCloseTo(live / committed, 2);
    expect(picture.width('resident') / picture.width('committed')).toBeCloseTo(resident / committed, 2);
    expect(picture.width('cached') / withRequests!.width).toBeCloseTo(cached / live, 2);
    expect(picture.description).toContain('with requests: arenas 2, bytes 2 MiB.');
    arenas.forEach((arena) => {
      pool.release(arena);
    });
  });
});

describe('memoryMap() of the process', () => {
  it('has a row for each kind of memory', () => {
    using arena = new BumpArenaLazy(64 * MiB);
    arena.alloc(8 * MiB)!.fill(1);
    const { kinds } = memoryUsage();
    const { title, texts, description } = new Picture(memoryMap());
    expect(title).toContain(String(process.pid));
    expect(texts).toEqual(expect.arrayContaining(['arenas', 'typed arenas', 'BumpAlloc', 'pools']));
    expect(description.match(/ retired /g)).toHaveLength(Object.keys(kinds).length);
    expect(description).not.toContain('at most');
  });

  it('says how much of the memory limit is taken, where there is one', () => {
    setMemoryLimit(64 * MiB);
    try {
      expect(new Picture(memoryMap()).description).toMatch(/ of at most 64 MiB are committed\./);
    } finally {
      setMemoryLimit(Infinity);
    }
  });
});

describe('memoryMap()', () => {
  const hostile = '<script>alert("1")</script> & \'\0\x1b\ud800]]> 🦉';

  it('escapes names and titles', () => {
    using pool = new BufferPool({ name: hostile });
    for (const svg of [memoryMap(pool), memoryMap(pool, { title: hostile })]) {
      expect(svg).not.toContain('<script');
      expect(svg.isWellFormed()).toBe(true);
      const { texts } = new Picture(svg);
      expect(texts[0]).toMatch(/<script>alert\("1"\)<\/script> & '\ufffd\ufffd\ufffd\]\]> 🦉$/);
    }
  });

  it('has neither scripts nor anything from elsewhere', () => {
    const svg = memoryMap().replace('xmlns="http://www.w3.org/2000/svg"', '');
    expect(svg).not.toMatch(/<script|\bon\w+=|https?:|@import|href/);
    expect(svg).toContain('prefers-color-scheme: dark');
    expect(svg).toContain('role="img"');
  });

  it('cuts a title that has no room, and keeps it whole for those who do not see', () => {
    const long = 'n'.repeat(500);
    const { title, texts } = new Picture(memoryMap(undefined, { title: long }));
    expect(title).toBe(long);
    expect(texts[0]).toMatch(/^n{83}…$/);
  });

  it.each([
    [5, undefined],
    [null, undefined],
    ['pool', undefined],
    [{}, undefined],
    [undefined, null],
    [undefined, { title: 5 }],
  ])('refuses wrong arguments (%#)', (target, options) => {
    const call = (): string => memoryMap(target as unknown as MemoryMapTarget, options as unknown as MemoryMapOptions);
    expect(codeOf(call)).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('refuses what was disposed of', () => {
    const arena = new BumpArena(10);
    arena.dispose();
    expect(codeOf(() => memoryMap(arena))).toBe('ERR_OFFHEAP_DISPOSED');
  });
});
