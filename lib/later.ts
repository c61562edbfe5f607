import { AsyncResource } from 'node:async_hooks';

/** The context that modules are loaded in. A timer keeps that of its maker, and with it what a request has in AsyncLocalStorage. */
const outside = new AsyncResource('offheap');

/** Calls `fn` after `ms` milliseconds, if `target` is alive by then. The timer keeps alive neither the target nor the process. */
export function later<T extends object>(target: T, ms: number, fn: (target: T) => void): NodeJS.Timeout {
  const reference = new WeakRef(target);
  return outside.runInAsyncScope(() =>
    setTimeout(() => {
      const alive = reference.deref();
      if (alive !== undefined) {
        fn(alive);
      }
    }, ms).unref(),
  );
}
