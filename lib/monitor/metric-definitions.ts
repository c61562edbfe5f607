import type { ArenaStats } from '../arena/stats';
import type { MemoryUsage, MemoryUse } from '../memory/usage';
import type { PoolSizeStats, PoolStats } from '../pool/pool-stats';
import type { ArenaPoolStats } from '../server/arena-pool';
import type { Snapshot } from './snapshot';

export interface Sample {
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** How the values of several processes become one, in a cluster. */
type Aggregator = 'sum' | 'max' | 'average';

export interface Definition {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly aggregator: Aggregator;
  readonly read: (snapshot: Snapshot) => Sample[];
}

type Row<S> = readonly [name: string, help: string, value: (stats: S) => number, aggregator?: Aggregator];

/** What has one sample for each thing of a kind. The end of a name says what it is. */
function define<S>(
  prefix: string,
  entries: (snapshot: Snapshot) => (readonly [labels: Record<string, string>, stats: S])[],
  rows: readonly Row<S>[],
): Definition[] {
  return rows.map(([name, help, valueOf, aggregator = 'sum']) => ({
    name: prefix + name,
    help,
    type: name.endsWith('_total') ? 'counter' : 'gauge',
    aggregator,
    read: (snapshot) => entries(snapshot).map(([labels, stats]) => ({ labels, value: valueOf(stats) })),
  }));
}

const POOLS = define<PoolStats>(
  'offheap_pool_',
  ({ pools }) => pools.map(({ name, stats }) => [{ pool: name }, stats]),
  [
    ['live_bytes', 'Bytes that callers have asked for and not released', ({ live }) => live],
    ['live_buffers', 'Buffers that were acquired and not released', ({ liveBuffers }) => liveBuffers],
    ['cached_bytes', 'Bytes of blocks that wait, warm, to be handed out again', ({ cached }) => cached],
    ['cached_buffers', 'Blocks that wait, warm, to be handed out again', ({ cachedBuffers }) => cachedBuffers],
    ['reserved_bytes', 'Bytes of addresses claimed, which cost no memory', ({ reserved }) => reserved],
    ['committed_bytes', 'Bytes of these that are usable', ({ committed }) => committed],
    ['resident_bytes', 'Bytes of physical memory held', ({ resident }) => resident],
    ['high_water_bytes', 'The most that live bytes have ever been', ({ highWaterMark }) => highWaterMark, 'max'],
    ['acquired_total', 'Buffers handed out', ({ acquired }) => acquired],
    ['released_total', 'Buffers given back', ({ released }) => released],
    ['hits_total', 'Buffers handed out on memory that was warm already', ({ hits }) => hits],
    [
      'misses_total',
      'Buffers handed out on memory that had to be made usable or touched first',
      ({ misses }) => misses,
    ],
    ['hit_ratio', 'Share of hits in all Buffers handed out, since the start', ({ hitRate }) => hitRate, 'average'],
    [
      'fragmentation_ratio',
      'Share of the bytes of live blocks that nobody has asked for',
      ({ fragmentation }) => fragmentation,
      'average',
    ],
    ['fallbacks_total', 'Buffers that the pool had no room for', ({ fallbacks }) => fallbacks],
    ['leaks_total', 'Buffers that were collected without having been released', ({ leaks }) => leaks],
  ],
);

const SIZE_CLASSES = define<PoolSizeStats>(
  'offheap_pool_class_',
  ({ pools }) =>
    pools.flatMap(({ name, stats }) =>
      stats.sizes.map((each) => [{ pool: name, size: String(each.size) }, each] as const),
    ),
  [
    ['live_buffers', 'Buffers of a size class that were acquired and not released', ({ live }) => live],
    ['cached_buffers', 'Blocks of a size class that wait, warm', ({ cached }) => cached],
    ['acquired_total', 'Buffers of a size class handed out', ({ acquired }) => acquired],
    ['hits_total', 'Buffers of a size class handed out on warm memory', ({ hits }) => hits],
  ],
);

const ARENA_POOLS = define<ArenaPoolStats>(
  'offheap_arena_pool_',
  (snapshot) => snapshot.arenaPools.map(({ name, stats }) => [{ pool: name }, stats]),
  [
    ['live_bytes', 'Bytes used by arenas that are with requests', ({ live }) => live],
    ['live_arenas', 'Arenas that are with requests', ({ liveArenas }) => liveArenas],
    ['cached_bytes', 'Bytes committed in arenas that wait for a request', ({ cached }) => cached],
    ['cached_arenas', 'Arenas that wait for a request', ({ cachedArenas }) => cachedArenas],
    ['pinned_arenas', 'Arenas that were given back and wait for their pins', ({ pinned }) => pinned],
    ['reserved_bytes', 'Bytes of addresses claimed, which cost no memory', ({ reserved }) => reserved],
    ['committed_bytes', 'Bytes of these that are usable', ({ committed }) => committed],
    ['resident_bytes', 'Bytes of physical memory held', ({ resident }) => resident],
    ['high_water_bytes', 'The most that one request has used', ({ highWaterMark }) => highWaterMark, 'max'],
    ['requests_total', 'Requests that were given an arena', ({ requests }) => requests],
    ['aborted_total', 'Requests whose client went before the response was finished', ({ aborted }) => aborted],
    ['hits_total', 'Requests whose arena was waiting, warm', ({ hits }) => hits],
    ['misses_total', 'Requests for which an arena had to be made', ({ misses }) => misses],
    ['hit_ratio', 'Share of hits in all requests, since the start', ({ hitRate }) => hitRate, 'average'],
    ['renews_total', 'Arenas that moved on to other memory between two requests', ({ renews }) => renews],
  ],
);

const ARENAS = define<ArenaStats>(
  'offheap_arena_',
  ({ arenas }) => arenas.map(({ name, stats }) => [{ arena: name }, stats]),
  [
    ['live_bytes', 'Bytes allocated and not given up', ({ live }) => live],
    ['cached_bytes', 'Bytes usable and not allocated', ({ cached }) => cached],
    ['reserved_bytes', 'Bytes of addresses claimed, which cost no memory', ({ reserved }) => reserved],
    ['committed_bytes', 'Bytes of these that are usable', ({ committed }) => committed],
    ['resident_bytes', 'Bytes of physical memory held', ({ resident }) => resident],
    ['high_water_bytes', 'The most that live bytes have ever been', ({ highWaterMark }) => highWaterMark, 'max'],
  ],
);

const MEMORY = define<MemoryUse>(
  'offheap_memory_',
  ({ memory }) => Object.entries(memory.kinds).map(([kind, use]) => [{ kind }, use]),
  [
    [
      'reserved_bytes',
      'Bytes of addresses claimed by the whole process, all threads together',
      ({ reserved }) => reserved,
    ],
    ['committed_bytes', 'Bytes of these that are usable', ({ committed }) => committed],
    ['resident_bytes', 'Bytes of physical memory held, retired memory included', ({ resident }) => resident],
    ['retired_bytes', 'Bytes of addresses given up that wait for the garbage collector', ({ retired }) => retired],
  ],
);

/** Where there is no limit, there is no sample of it, so that a ratio is never one of Infinity. */
const LIMIT = define<number>('offheap_memory_', ({ memory: { limit } }) => (limit === Infinity ? [] : [[{}, limit]]), [
  ['limit_bytes', 'Bytes that the whole process may commit, all kinds together', (limit) => limit],
]);

const CHARGED = define<MemoryUsage>('offheap_memory_', ({ memory }) => [[{}, memory]], [
  ['charged_bytes', 'Bytes that count against the limit on what the process may commit', ({ charged }) => charged],
]);

export const DEFINITIONS: readonly Definition[] = [
  ...POOLS,
  ...ARENA_POOLS,
  ...ARENAS,
  ...MEMORY,
  ...CHARGED,
  ...LIMIT,
];

/** Many series: four for each class of each pool. */
export const SIZE_CLASS_DEFINITIONS: readonly Definition[] = SIZE_CLASSES;
