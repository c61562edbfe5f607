import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

import { checkFunction, checkOptions } from '../arguments';
import { ArenaPool } from './arena-pool';
import type { ArenaPoolOptions } from './arena-pool-options';
import { emitWith, runWith } from './context';
import type { RequestArena } from './request-arena';
import { type RequestLike, type ResponseLike, whenEnded } from './response-end';
import { checkPool } from './with-arena';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- it is how Express has its requests extended
  namespace Express {
    interface Request {
      /** The arena of the request, once `requestArena()` of offheap has run. */
      arena: RequestArena;
    }
  }
}

/** A request with its arena. */
export type WithArena<T> = T & {
  /** Lasts until the response was sent. */
  arena: RequestArena;
};

/** The pool that requests have their arenas from, or what a new one is like. */
export interface RequestArenaOptions extends ArenaPoolOptions {
  /** Where arenas come from, instead of a pool of its own; the other options say what that is like. */
  pool?: ArenaPool;
}

/** A function for Connect and Express, and for servers without a framework. */
export interface RequestArenaMiddleware {
  /** Sets `req.arena`, and calls `next` with that as `currentArena()`. */
  (
    req: IncomingMessage | Http2ServerRequest,
    res: ServerResponse | Http2ServerResponse,
    next: (error?: unknown) => void,
  ): void;
  /** Where the arenas come from. */
  readonly pool: ArenaPool;
  /** Disposes of the pool, unless it was given by option. */
  dispose(): void;
  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void;
}

/** The pool that options name, and what disposes of it if it was made here. */
export function poolOf(options: RequestArenaOptions): { pool: ArenaPool; dispose: () => void } {
  const { pool: given, ...own } = checkOptions(options);
  if (given !== undefined) {
    checkPool(given);
    return { pool: given, dispose: () => {} };
  }
  const pool = new ArenaPool({ name: 'requests', ...own });
  const dispose = (): void => {
    pool.dispose();
  };
  return { pool, dispose };
}

/** An arena for the time that a request takes. */
export function acquireFor(pool: ArenaPool, request: RequestLike, response: ResponseLike): RequestArena {
  const arena = pool.acquire();
  emitWith(arena, request);
  whenEnded(request, response, (aborted) => {
    pool.release(arena, { aborted });
  });
  return arena;
}

/**
 * Gives every request an arena: `req.arena`, and `currentArena()` in all that the request leads to. It is given back when the
 * response was sent, or its connection has closed and the handler has called `res.end()`, and not before its pins are gone.
 *
 * Where there can be no arena, `next` is called with the error, outside of any arena.
 *
 * @throws For wrong options, as the constructor of ArenaPool.
 *
 * @example
 * ```js
 * import { createServer } from 'node:http';
 * import { currentArena, KiB, requestArena } from 'offheap';
 *
 * const arenas = requestArena(); // for Express: app.use(requestArena())
 * const server = createServer((req, res) => {
 *   arenas(req, res, () => res.end(currentArena().alloc(64 * KiB).fill('a')));
 * });
 * ```
 */
export function requestArena(options: RequestArenaOptions = {}): RequestArenaMiddleware {
  const { pool, dispose } = poolOf(options);
  const middleware = (
    req: IncomingMessage | Http2ServerRequest,
    res: ServerResponse | Http2ServerResponse,
    next: (error?: unknown) => void,
  ): void => {
    checkFunction(next, 'next');
    let arena: RequestArena;
    try {
      arena = acquireFor(pool, req, res);
    } catch (error) {
      next(error);
      return;
    }
    (req as WithArena<typeof req>).arena = arena;
    runWith(arena, next);
  };
  return Object.assign(middleware, { pool, dispose, [Symbol.dispose]: dispose });
}
