import { type IntervalHistogram, monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/** How often the event loop is looked at, in milliseconds. */
const RESOLUTION = 10;
const NANOSECONDS = 1e6; // in a millisecond

/** What has happened since the last reading. Times are milliseconds. */
export interface VitalSigns {
  /** Pauses for garbage collection. */
  readonly gc: { readonly count: number; readonly total: number; readonly longest: number };
  /** How much later than it should the event loop came to what was due. */
  readonly loop: { readonly median: number; readonly p99: number; readonly max: number };
}

/** Watches garbage collections and the event loop between `start` and `stop`. */
export class Vitals {
  readonly #delays: IntervalHistogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  readonly #observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      this.#pauses.push(duration);
    }
  });
  #pauses: number[] = [];

  start(): void {
    this.#observer.observe({ entryTypes: ['gc'] });
    this.#delays.reset();
    this.#delays.enable();
  }

  stop(): void {
    this.#observer.disconnect();
    this.#delays.disable();
    this.#pauses = [];
  }

  read(): VitalSigns {
    const pauses = this.#pauses;
    this.#pauses = [];
    const delay = (nanoseconds: number): number => Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION);
    const delays = this.#delays;
    const loop =
      delays.count === 0
        ? { median: 0, p99: 0, max: 0 }
        : { median: delay(delays.percentile(50)), p99: delay(delays.percentile(99)), max: delay(delays.max) };
    delays.reset(); // what holds the loop up right now, before it is looked at again, is not counted
    return {
      gc: { count: pauses.length, total: pauses.reduce((sum, each) => sum + each, 0), longest: Math.max(0, ...pauses) },
      loop,
    };
  }
}
