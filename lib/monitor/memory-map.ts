import type { ArenaStats } from '../arena/stats';
import { checkOptions } from '../arguments';
import { invalidType } from '../errors';
import { memoryUsage } from '../memory/usage';
import type { PoolStats } from '../pool/pool-stats';
import type { ArenaPoolStats } from '../server/arena-pool';
import { formatBytes } from '../sizes';
import { drawMap } from './map-drawing';
import type { MapModel, Table } from './map-model';

/** What {@link memoryMap} can draw: a BufferPool, an ArenaPool, every arena, a BumpAlloc. */
export interface MemoryMapTarget {
  /** What the picture shows. */
  readonly stats: ArenaStats | PoolStats | ArenaPoolStats;
}

/** What stands above the picture. */
export interface MemoryMapOptions {
  /** Default: the kind of the target, and its name where it has one. */
  title?: string;
}

/**
 * A picture of the memory of a pool or an arena, or of the whole process by kind: what is reserved, committed, resident and in use,
 * one within the other, and for a pool by size class. Lengths are proportional to bytes, but for addresses where they are many times
 * more than the rest; then the picture says so.
 *
 * @param target Default: the whole process.
 * @returns An SVG document, in light or dark as the reader's system is, without scripts.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for what has no `stats`, OffheapError `ERR_OFFHEAP_DISPOSED` as `stats` of the target does.
 */
export function memoryMap(target?: MemoryMapTarget, options: MemoryMapOptions = {}): string {
  const { title } = checkOptions(options);
  if (title !== undefined && typeof (title as unknown) !== 'string') {
    throw invalidType('options.title', 'of type string', title);
  }
  const model = target === undefined ? processModel() : targetModel(checkTarget(target));
  return drawMap(title === undefined ? model : { ...model, title });
}

function checkTarget(target: MemoryMapTarget): MemoryMapTarget {
  const value: unknown = target;
  if (typeof value !== 'object' || value === null || !('stats' in value)) {
    throw invalidType('target', 'a pool, an arena, or another object that has stats', value);
  }
  return target;
}

function targetModel(target: MemoryMapTarget & { readonly name?: unknown }): MapModel {
  const kind = target.constructor.name;
  return modelOf(typeof target.name === 'string' ? `${kind} ${target.name}` : kind, target.stats);
}

/** What to draw of statistics, whichever they are. */
export function modelOf(title: string, stats: MemoryMapTarget['stats']): MapModel {
  if ('liveBuffers' in stats) {
    return poolModel(title, stats);
  }
  return 'liveArenas' in stats ? arenaPoolModel(title, stats) : arenaModel(title, stats);
}

function arenaModel(title: string, stats: ArenaStats): MapModel {
  const { reserved, committed, resident, live, highWaterMark } = stats;
  return {
    title,
    summary: sentence(shareInUse(live, resident), `at most ${formatBytes(highWaterMark)} ever were`),
    levels: { reserved, committed, resident, live, rounding: 0, highWaterMark },
    table: null,
  };
}

function poolModel(title: string, stats: PoolStats): MapModel {
  const { reserved, committed, resident, live, highWaterMark, fragmentation, hitRate, sizes } = stats;
  const blocks = sizes.reduce((sum, each) => sum + each.live * each.size, 0);
  const rounding = Math.round(fragmentation * blocks);
  const inBlocks = blocks - rounding;
  const held = sizes.filter((each) => each.live + each.cached > 0);
  const table: Table = {
    heading: 'By size class',
    columns: ['in use', 'waiting', 'bytes', 'hits'],
    rows: held.map(({ size, live: used, asked, cached, acquired, hits }) => ({
      name: formatBytes(size),
      parts: [
        ['live', asked],
        ['rounding', used * size - asked],
        ['cached', cached * size],
      ],
      cells: [count(used), count(cached), formatBytes((used + cached) * size), percent(hits / acquired)],
    })),
    note: sizes.length > held.length ? `${count(sizes.length - held.length)} more size classes hold nothing now.` : '',
  };
  return {
    title,
    summary: sentence(
      shareInUse(blocks, resident),
      `${percent(fragmentation)} of that is rounding`,
      `${percent(hitRate)} hits`,
      ...(live > inBlocks ? [`${formatBytes(live - inBlocks)} more in Buffers of Node's own`] : []),
    ),
    levels: { reserved, committed, resident, live: inBlocks, rounding, highWaterMark },
    table,
  };
}

function arenaPoolModel(title: string, stats: ArenaPoolStats): MapModel {
  const { reserved, committed, resident, live, cached, liveArenas, cachedArenas, pinned, hitRate, highWaterMark } =
    stats;
  return {
    title,
    summary: sentence(
      shareInUse(live, resident),
      `at most ${formatBytes(highWaterMark)} by one request`,
      `${percent(hitRate)} hits`,
    ),
    // The high-water mark is that of one request, and has no place among sums.
    levels: { reserved, committed, resident, live, rounding: 0, highWaterMark: null },
    table: {
      heading: 'Arenas',
      columns: ['arenas', 'bytes'],
      rows: [
        { name: 'with requests', parts: [['live', live]], cells: [count(liveArenas), formatBytes(live)] },
        { name: 'waiting', parts: [['cached', cached]], cells: [count(cachedArenas), formatBytes(cached)] },
        { name: 'pinned', parts: [], cells: [count(pinned), ''] },
      ],
      note: '',
    },
  };
}

const KINDS = { arena: 'arenas', typedArena: 'typed arenas', bumpAlloc: 'BumpAlloc', pool: 'pools' } as const;

/** The whole process, all threads together. */
export function processModel(usage = memoryUsage()): MapModel {
  const { reserved, committed, resident, retired, kinds, charged, limit } = usage;
  const share = limit === Infinity ? '' : ` ${formatBytes(charged)} of at most ${formatBytes(limit)} are committed.`;
  return {
    title: `Memory of process ${process.pid} outside of the heap`,
    summary: `${formatBytes(resident)} of physical memory; ${formatBytes(retired)} of addresses wait for the garbage collector.${share}`,
    levels: { reserved, committed, resident, live: null, rounding: 0, highWaterMark: null },
    table: {
      heading: 'By kind',
      columns: ['resident', 'committed', 'reserved', 'retired'],
      rows: (Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => {
        const use = kinds[kind];
        return {
          name: KINDS[kind],
          parts: [
            ['resident', use.resident],
            ['committed', Math.max(0, use.committed - use.resident)],
          ],
          cells: [use.resident, use.committed, use.reserved, use.retired].map(formatBytes),
        };
      }),
      note: '',
    },
  };
}

/** There is more to say only where something is in use, or was. */
function sentence(inUse: string | null, ...more: string[]): string {
  return inUse === null ? 'Nothing is in use.' : `${[inUse, ...more].join('; ')}.`;
}

function shareInUse(used: number, resident: number): string | null {
  if (used === 0 && resident === 0) {
    return null;
  }
  return used <= resident
    ? `${percent(used / resident)} of the physical memory is in use`
    : `${formatBytes(used)} are in use, and not all of it has been touched`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** 0 % where nothing is divided by nothing. */
function percent(share: number): string {
  return `${Math.round(100 * (share || 0))} %`;
}
