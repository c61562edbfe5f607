import { later } from '../later';
import type { Window } from '../memory/window';

interface Waiting {
  readonly window: Window;
  /** By the clock of `performance.now()`. */
  readonly since: number;
}

/**
 * Windows that nobody uses. The one that came last goes first, being the warmest; those that have waited for `idleMs`, at the
 * bottom, are disposed of.
 */
export class WindowCache implements Iterable<Window> {
  readonly #max: number;
  readonly #idleMs: number;
  readonly #dispose: (window: Window) => void;
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(max: number, idleMs: number, dispose: (window: Window) => void) {
    this.#max = max;
    this.#idleMs = idleMs;
    this.#dispose = dispose;
  }

  get size(): number {
    return this.#waiting.length;
  }

  *[Symbol.iterator](): Generator<Window> {
    for (const { window } of this.#waiting) {
      yield window;
    }
  }

  take(): Window | undefined {
    return this.#waiting.pop()?.window;
  }

  put(window: Window): void {
    if (this.#waiting.length >= this.#max) {
      this.#dispose(window);
      return;
    }
    this.#waiting.push({ window, since: performance.now() });
    if (this.#idleMs !== Infinity) {
      this.#timer ??= this.#wait(this.#idleMs);
    }
  }

  clear(): void {
    for (const { window } of this.#waiting.splice(0)) {
      this.#dispose(window);
    }
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
  }

  #wait(ms: number): NodeJS.Timeout {
    return later(this, ms, (cache) => {
      cache.#disposeIdle();
    });
  }

  #disposeIdle(): void {
    const now = performance.now();
    const kept = this.#waiting.findIndex(({ since }) => since + this.#idleMs > now);
    const idle = kept < 0 ? this.#waiting.length : kept;
    for (const { window } of this.#waiting.splice(0, idle)) {
      this.#dispose(window);
    }
    const [oldest] = this.#waiting;
    this.#timer = oldest === undefined ? null : this.#wait(Math.ceil(oldest.since + this.#idleMs - now));
  }
}
