import { isThenable } from '../allocator/scope-function';
import { checkFunction, checkOptions } from '../arguments';
import { invalidType } from '../errors';
import { ArenaPool } from './arena-pool';
import { runWith } from './context';
import type { RequestArena } from './request-arena';

/** The pool that the arena comes from. */
export interface WithArenaOptions {
  /** Where the arena comes from. Default: one pool for all, named `'default'`, with the defaults of an ArenaPool. */
  pool?: ArenaPool;
}

let defaultPool: ArenaPool | undefined;

/** @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no pool. */
export function checkPool(pool: unknown): void {
  if (!(pool instanceof ArenaPool)) {
    throw invalidType('options.pool', 'an ArenaPool', pool);
  }
}

/**
 * Calls `fn` with an arena, which is `currentArena()` inside, and gives the arena back when what `fn` answers has settled: a promise, or
 * anything else at once. An exception, or a rejection, counts as an abort. Calls nest; each has an arena of its own.
 *
 * @returns What `fn` answers; a promise for the same, where that is a promise. A Buffer from the arena is stale by then.
 * @throws What `fn` throws; and what `ArenaPool.acquire` throws, before `fn` is called.
 */
export function withArena<R>(fn: (arena: RequestArena) => R, options: WithArenaOptions = {}): R {
  checkFunction(fn);
  const { pool = (defaultPool ??= new ArenaPool({ name: 'default' })) } = checkOptions(options);
  checkPool(pool);
  const arena = pool.acquire();
  let result: R;
  try {
    result = runWith(arena, fn, arena);
  } catch (error) {
    pool.release(arena, { aborted: true });
    throw error;
  }
  if (!isThenable(result)) {
    pool.release(arena);
    return result;
  }
  return Promise.resolve(result).then(
    (value) => {
      pool.release(arena);
      return value;
    },
    (error: unknown) => {
      pool.release(arena, { aborted: true });
      throw error;
    },
  ) as R;
}
