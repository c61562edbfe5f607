import { checkFunction } from '../arguments';
import { OffheapError } from '../errors';

const AsyncFunction: unknown = Object.getPrototypeOf(async () => {});

/**
 * Refuses what a scope cannot call.
 *
 * @throws OffheapError `ERR_OFFHEAP_ASYNC_SCOPE` for an async function, before it does anything.
 */
export function checkScopeFunction(fn: unknown): void {
  checkFunction(fn);
  // One of another realm is found out by what it answers. Asking Node would take longer than a whole scope.
  if (Object.getPrototypeOf(fn) === AsyncFunction) {
    throw asyncScope();
  }
}

/** @throws OffheapError `ERR_OFFHEAP_ASYNC_SCOPE` where the function of a scope has answered a promise. */
export function checkNoPromise(result: unknown): void {
  if (isThenable(result)) {
    try {
      // Whatever it comes to, it is reported here and now.
      Promise.resolve(result).then(undefined, () => {});
    } catch {
      // A hostile one is reported as well.
    }
    throw asyncScope();
  }
}

/** Whether it has a method `then`. Throws for nothing. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') {
    return false;
  }
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false; // no promise has a getter that throws
  }
}

function asyncScope(): OffheapError {
  return new OffheapError(
    'ERR_OFFHEAP_ASYNC_SCOPE',
    'A scope ends when its function returns, so the function must not return a promise. For asynchronous work take a ' +
      'checkpoint() of an arena and rewind() when the work is done, or hold a pin() meanwhile',
  );
}
