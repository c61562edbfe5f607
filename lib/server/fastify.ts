/**
 * `offheap/fastify`: the plugin for Fastify.
 *
 * @module offheap/fastify
 */
import type { ArenaPool } from './arena-pool';
import { runWith } from './context';
import type { RequestArena } from './request-arena';
import { acquireFor, poolOf, type RequestArenaOptions, type WithArena } from './request-arena-middleware';
import type { RequestLike, ResponseLike } from './response-end';

export { type RequestArenaOptions, type WithArena };

interface FastifyRequestLike {
  readonly raw: RequestLike;
}

interface FastifyReplyLike {
  readonly raw: ResponseLike;
}

type RequestHook = (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: Error) => void) => void;

/** What is needed of a Fastify instance, of any version. */
export interface FastifyLike {
  /** Declares a property of requests. */
  decorateRequest(name: string, value: null): unknown;
  /** Has a function called for each request, before its handler. */
  addHook(name: 'onRequest', hook: RequestHook): unknown;
  /** Has a function called when the server closes. */
  addHook(name: 'onClose', hook: (instance: unknown, done: () => void) => void): unknown;
}

/**
 * Gives every request an arena: `request.arena`, and `currentArena()` in its handler and in all hooks from `onRequest` on. It is given
 * back as that of `requestArena()`. The pool is disposed of when the server closes, unless it was given by option.
 *
 * It is for the whole server, as if it had been wrapped by fastify-plugin. TypeScript learns of `request.arena` by the declaration
 * that docs/request-arenas.md shows; a package cannot extend the types of one that may not be installed.
 */
export function requestArenaPlugin(
  fastify: FastifyLike,
  options: RequestArenaOptions,
  done: (error?: Error) => void,
): void {
  try {
    install(fastify, options);
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}

function install(fastify: FastifyLike, options: RequestArenaOptions): void {
  const { pool, dispose } = poolOf(options);
  fastify.decorateRequest('arena', null);
  fastify.addHook('onRequest', (request, reply, next) => {
    runWith(arenaOf(pool, request, reply), next);
  });
  fastify.addHook('onClose', (_instance, next) => {
    dispose();
    next();
  });
}

function arenaOf(pool: ArenaPool, request: FastifyRequestLike, reply: FastifyReplyLike): RequestArena {
  const arena = acquireFor(pool, request.raw, reply.raw);
  (request as WithArena<FastifyRequestLike>).arena = arena;
  return arena;
}

// What fastify-plugin would add.
Object.assign(requestArenaPlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'offheap',
  [Symbol.for('plugin-meta')]: { name: 'offheap', fastify: '>=4' },
});

export default requestArenaPlugin;
