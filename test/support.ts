import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A full collection. Node needs no --expose-gc on the command line: the flag holds for contexts made after it is set. */
export const collectGarbage: () => void = (() => {
  if (typeof gc === 'function') {
    const collect = gc;
    return () => {
      collect();
    };
  }
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Turns of the event loop with collections between them, in which finalizers run. */
export async function settle(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
