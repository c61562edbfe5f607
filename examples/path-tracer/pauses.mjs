import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const { NODE_PERFORMANCE_GC_INCREMENTAL: STEP, NODE_PERFORMANCE_GC_WEAKCB: WEAK_CALLBACKS } = constants;

/** Watches the garbage collector of this thread: each worker has a heap and a collector of its own. */
export class Pauses {
  #gc = { count: 0, total: 0, longest: 0 };
  #observer = new PerformanceObserver((list) => this.#add(list.getEntries()));

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  #add(entries) {
    const gc = this.#gc;
    for (const { duration, detail } of entries) {
      gc.total += duration;
      gc.longest = Math.max(gc.longest, duration);
      // What belongs to a collection that is reported as well is not another one.
      gc.count += detail.kind === STEP || detail.kind === WEAK_CALLBACKS ? 0 : 1;
    }
  }

  /** Stops, and answers how many collections there were, and what they took in milliseconds. */
  async end() {
    await sleep(10); // the last ones are reported on a later turn of the event loop
    this.#add(this.#observer.takeRecords());
    this.#observer.disconnect();
    return this.#gc;
  }
}
