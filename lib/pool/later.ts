/** Calls `fn` after `ms` milliseconds, if `target` is alive by then. The timer keeps neither the target nor the process alive. */
export function later<T extends object>(target: T, ms: number, fn: (target: T) => void): NodeJS.Timeout {
  const reference = new WeakRef(target);
  return setTimeout(() => {
    const alive = reference.deref();
    if (alive !== undefined) {
      fn(alive);
    }
  }, ms).unref();
}
