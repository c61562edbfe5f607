import { KiB } from '../sizes';

/** How many requests say what the next ones will need. */
const COUNT = 16;
/** How many requests of the usual size are to fit into a window. */
const REQUESTS_PER_WINDOW = 32;
const MIN_WINDOW = 256 * KiB;
/** How many times more than it needs a window may have committed: it grows by doubling, and requests vary. */
const MAX_EXCESS = 4;

/** What the last requests that used any memory have used, in bytes, and what follows from that. */
export class RecentSizes {
  readonly #sizes: number[] = [];
  #at = 0;
  #least = 0;
  #usual = 0;

  add(size: number): void {
    if (size === 0) {
      return;
    }
    this.#sizes[this.#at] = size;
    this.#at = (this.#at + 1) % COUNT;
    let least = Infinity;
    let most = 0;
    let second = 0;
    for (const each of this.#sizes) {
      least = Math.min(least, each);
      if (each > most) {
        second = most;
        most = each;
      } else if (each > second) {
        second = each;
      }
    }
    this.#least = least;
    this.#usual = this.#sizes.length === 1 ? size : second;
  }

  /** The least of them: as much as every request will need. */
  get least(): number {
    return this.#least;
  }

  /** The most of them but for one: what a single outlier does not change. */
  get usual(): number {
    return this.#usual;
  }

  /** How long a window is, with `most` as the limit: small requests need no more than stays in the processor's caches. */
  windowLength(most: number): number {
    return Math.min(most, Math.max(MIN_WINDOW, REQUESTS_PER_WINDOW * this.#usual));
  }

  /** Whether so much memory is more than the last requests needed. */
  isExcess(committed: number, most: number): boolean {
    return committed > MAX_EXCESS * Math.max(this.windowLength(most), this.#usual);
  }
}
