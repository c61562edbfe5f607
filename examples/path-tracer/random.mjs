/**
 * Numbers from 0 to 1, the same for the same seed: mulberry32. Every pixel has a seed of its own, so what it looks like
 * depends neither on the worker that renders it nor on the variant.
 */
export class Random {
  #state = 0;

  seed(number) {
    this.#state = Math.imul(number + 1, 0x9e3779b1);
  }

  next() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
