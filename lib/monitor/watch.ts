import type { ArenaStats } from '../arena/stats';
import { invalidType } from '../errors';
import { Registry } from '../registry';

/** What can be watched: every arena, BumpAlloc, and whatever else says what it holds in the same way. */
export interface Watchable {
  /** What is shown of it. */
  readonly stats: ArenaStats;
}

/** What {@link watch} answers. */
export interface Watch {
  /** As given, and a number where something else that is watched has that name. */
  readonly name: string;
  /** Ends it. Idempotent. */
  end(): void;
  /** The end of a `using` block: the same as `end()`. */
  [Symbol.dispose](): void;
}

/** What is watched by name. */
export const watched = new Registry<Watchable>();

const NUMBERS = ['live', 'cached', 'reserved', 'committed', 'resident', 'highWaterMark'] satisfies (keyof ArenaStats)[];

/** What has no such numbers would make trouble later, for whoever looks. */
function hasStats(value: unknown): boolean {
  const { stats } = Object(value) as { stats?: unknown };
  return NUMBERS.every((name) => typeof (Object(stats) as Partial<ArenaStats>)[name] === 'number');
}

/**
 * Lets the metrics and the dashboard show an arena, which by itself has no name there. It is not kept alive by that, and goes
 * from there when it is disposed of. Pools are shown without this.
 *
 * @param name What metrics and dashboards call it.
 * @returns What ends it.
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for a name that is no string, or for what has no `stats`; OffheapError
 * `ERR_OFFHEAP_DISPOSED`, as `stats` does.
 */
export function watch(name: string, arena: Watchable): Watch {
  if (typeof (name as unknown) !== 'string') {
    throw invalidType('name', 'of type string', name);
  }
  if (!hasStats(arena)) {
    throw invalidType('arena', 'an arena, or another object that has the stats of one', arena);
  }
  const unique = watched.add(name, arena);
  const reference = new WeakRef(arena);
  const end = (): void => {
    const target = reference.deref();
    // What was disposed of is not watched any more, and somebody else may have its name.
    if ([...watched].some(([other, candidate]) => other === unique && candidate === target)) {
      watched.delete(unique);
    }
  };
  return { name: unique, end, [Symbol.dispose]: end };
}
