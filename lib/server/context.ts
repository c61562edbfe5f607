import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventEmitter } from 'node:events';

import type { RequestArena } from './request-arena';
import { requestArenas } from './request-arena';

const storage = new AsyncLocalStorage<RequestArena>();

/**
 * The arena of the request that is running: that of the innermost `withArena`, `requestArena` or Fastify plugin around the
 * caller, across `await`, timers and callbacks. `undefined` outside of all of them, and once the arena was given back: what
 * goes on afterwards never gets another request's.
 */
export function currentArena(): RequestArena | undefined {
  const arena = storage.getStore();
  return arena === undefined || requestArenas.isClosed(arena) ? undefined : arena;
}

/**
 * Lets listeners of an emitter have `arena` as the current one. What a request emits is otherwise heard in the context of its connection,
 * which was there before the arena.
 */
export function emitWith(arena: RequestArena, emitter: Pick<EventEmitter, 'emit'>): void {
  const { emit } = emitter;
  emitter.emit = (...args): boolean => storage.run(arena, () => emit.apply(emitter, args));
}

/** Calls `fn` with `arena` as the current one. */
export function runWith<A extends unknown[], R>(arena: RequestArena, fn: (...args: A) => R, ...args: A): R {
  return storage.run(arena, fn, ...args);
}
