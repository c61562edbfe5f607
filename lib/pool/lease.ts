import { OffheapError } from '../errors';

/** A Buffer of a pool for as long as a block of code runs. Made for `using`. */
export class Lease {
  #buffer: Buffer | null;
  readonly #pool: { release(buffer: Buffer): void };

  /** @internal */
  constructor(pool: { release(buffer: Buffer): void }, buffer: Buffer) {
    this.#pool = pool;
    this.#buffer = buffer;
  }

  /** @throws OffheapError `ERR_OFFHEAP_STALE` once it is released. */
  get buffer(): Buffer {
    if (this.#buffer === null) {
      throw new OffheapError('ERR_OFFHEAP_STALE', 'The lease has ended: its buffer belongs to the pool again');
    }
    return this.#buffer;
  }

  /** Gives the Buffer back to the pool. Idempotent. */
  release(): void {
    const buffer = this.#buffer;
    if (buffer !== null) {
      this.#pool.release(buffer);
      this.#buffer = null;
    }
  }

  /** The end of a `using` block: the same as `release()`. */
  [Symbol.dispose](): void {
    this.release();
  }
}
