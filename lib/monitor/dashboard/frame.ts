import type { MemoryUse } from '../../memory/usage';
import { drawMap } from '../map-drawing';
import { type MemoryMapTarget, modelOf, processModel } from '../memory-map';
import { type Named, takeSnapshot } from '../snapshot';
import type { VitalSigns } from './vitals';

/** A pool or an arena as the page shows it. */
interface Item {
  readonly name: string;
  readonly stats: Readonly<Record<string, number>>;
  /** A memory map, without a style of its own. */
  readonly map: string;
}

/** What the page is told again and again. */
export interface Frame extends VitalSigns {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Milliseconds until the next one. */
  readonly intervalMs: number;
  readonly process: { readonly pid: number; readonly version: string; readonly uptime: number };
  /** Bytes. */
  readonly memory: {
    readonly rss: number;
    readonly heapUsed: number;
    readonly resident: number;
    readonly charged: number;
    /** null for none. */
    readonly limit: number | null;
  };
  /** Resident bytes. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly map: string;
  readonly pools: readonly Item[];
  readonly arenaPools: readonly Item[];
  readonly arenas: readonly Item[];
}

export function makeFrame(intervalMs: number, vitals: VitalSigns): Frame {
  const { pools, arenaPools, arenas, memory } = takeSnapshot();
  const { rss, heapUsed } = process.memoryUsage();
  const { resident, charged, limit } = memory;
  const kinds: readonly [string, MemoryUse][] = Object.entries(memory.kinds);
  return {
    ...vitals,
    at: Date.now(),
    intervalMs,
    process: { pid: process.pid, version: process.version, uptime: process.uptime() },
    memory: { rss, heapUsed, resident, charged, limit: limit === Infinity ? null : limit },
    kinds: Object.fromEntries(kinds.map(([kind, use]) => [kind, use.resident])),
    map: drawMap(processModel(memory), false),
    pools: pools.map(itemOf),
    arenaPools: arenaPools.map(itemOf),
    arenas: arenas.map(itemOf),
  };
}

function itemOf({ name, stats }: Named<MemoryMapTarget['stats']>): Item {
  const numbers = Object.entries(stats).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  return { name, stats: Object.fromEntries(numbers), map: drawMap(modelOf(name, stats), false) };
}
