import { constants, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const RESOLUTION = 10; // milliseconds between two looks at the clock

/** Watches what keeps a process from answering: the garbage collector, and whatever else blocks the event loop. */
export class Pauses {
  #gc;
  #loop = monitorEventLoopDelay({ resolution: RESOLUTION });
  #observer = new PerformanceObserver((list) => this.#add(list.getEntries()));

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#loop.enable();
    this.reset();
  }

  reset() {
    this.#observer.takeRecords();
    this.#loop.reset();
    this.#gc = { count: 0, total: 0, longest: 0, major: { count: 0, longest: 0 } };
  }

  #add(entries) {
    const { NODE_PERFORMANCE_GC_MAJOR: MAJOR, NODE_PERFORMANCE_GC_INCREMENTAL: STEP } = constants;
    const gc = this.#gc;
    for (const { duration, detail } of entries) {
      gc.total += duration;
      gc.longest = Math.max(gc.longest, duration);
      // A step of a collection that will be reported as well is a pause and not another collection.
      gc.count += detail.kind === STEP ? 0 : 1;
      if (detail.kind === MAJOR) {
        gc.major.count++;
        gc.major.longest = Math.max(gc.major.longest, duration);
      }
    }
  }

  /** Milliseconds and counts since the last reset: `stall` is the longest delay of the event loop, `delay` that at p99. */
  async report() {
    await sleep(RESOLUTION); // the last ones are reported on a later turn of the event loop
    this.#add(this.#observer.takeRecords());
    const delay = (time) => Math.max(0, time / 1e6 - RESOLUTION);
    return { gc: this.#gc, stall: delay(this.#loop.max), delay: delay(this.#loop.percentile(99)) };
  }
}
