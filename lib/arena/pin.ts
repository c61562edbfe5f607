/**
 * A hold on an arena whose memory is in use by something that cannot be told to stop: while it lives, the arena refuses
 * to start over, rewind, trim or dispose. Made for `using`.
 */
export class Pin {
  #onRelease: (() => void) | null;

  /** @internal */
  constructor(onRelease: () => void) {
    this.#onRelease = onRelease;
  }

  /** Lets the arena go. Idempotent. */
  release(): void {
    const onRelease = this.#onRelease;
    this.#onRelease = null;
    onRelease?.();
  }

  /** The end of a `using` block: the same as `release()`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
