import { constants } from 'node:buffer';

import { OffheapError, OffheapSystemError } from '../errors';
import { formatBytes } from '../sizes';
import { CAN_DETACH, isDetached, moveOn } from './detach';

/**
 * The memory that an arena bumps through: `capacity` bytes, of which JavaScript sees a prefix as `buffer`.
 *
 * The prefix grows, and then `buffer` is another, longer ArrayBuffer; offsets keep their meaning, and views on the
 * shorter one stay valid. Somebody may take `buffer` away (a byte stream transfers it): then it is detached, and `grow`
 * makes another.
 */
export interface Region {
  /** Bytes. */
  readonly capacity: number;
  /** Bytes that can be touched. */
  readonly committed: number;
  /** Whether the contents are still there after somebody has taken `buffer` away. */
  readonly keepsContents: boolean;
  /** From which offset on memory is known to be zero when the region is new, and at the least when it starts over. */
  readonly dirty: number;
  /** The bytes from offset 0 that can be reached now; empty before the first `grow` and after starting over. */
  readonly buffer: ArrayBuffer;

  /**
   * Makes `buffer` an attached ArrayBuffer of at least `end` bytes, `end` being at most `capacity`. False when the
   * system has no more memory; then nothing has changed.
   */
  grow(end: number): boolean;

  /** Whether `buffer` is over this memory, and was so since the last time the region started over. */
  holds(buffer: ArrayBufferLike): boolean;

  /**
   * Starts over: no view that exists sees or changes what comes after. `reset` may do so by detaching and keep the
   * memory; `renew` moves on to other memory, so that jobs on the old one do no harm. `used` tells how much of the
   * capacity the round that ends has needed. Both answer whether all memory is known to be zero now.
   *
   * @throws OffheapSystemError when there is no other memory; then nothing has changed.
   */
  reset(used: number): boolean;
  renew(used: number, detach: boolean): boolean;

  /**
   * Gives physical memory above `from` back to the system. Answers from which offset on memory is known to be zero
   * because of that: Infinity where it can do nothing.
   */
  discard(from: number): number;

  /** Bytes of physical memory behind what is committed; where nobody can say, all of it. */
  resident(): number;

  /** What `util.inspect` shows of it besides the capacity, in bytes. */
  describe(): Record<string, number>;

  /** Gives everything back that no view can reach, and the contents of the rest. */
  dispose(): void;
}

/** The longest ArrayBuffer that views can be made on, in bytes. Bun says more than it does. */
export const MAX_LENGTH = 'bun' in process.versions ? 2 ** 32 : constants.MAX_LENGTH;

/** @throws OffheapError `ERR_OFFHEAP_TOO_LARGE` for a capacity that no ArrayBuffer of this runtime can have. */
export function checkCapacity(capacity: number): void {
  if (capacity > MAX_LENGTH) {
    throw new OffheapError(
      'ERR_OFFHEAP_TOO_LARGE',
      `A capacity of ${capacity} bytes is too large: ArrayBuffers of ${runtimeName()} have at most ` +
        `${MAX_LENGTH} bytes (${formatBytes(MAX_LENGTH)})`,
    );
  }
}

function runtimeName(): string {
  return 'bun' in process.versions ? `Bun ${process.versions['bun']}` : `Node.js ${process.version}`;
}

/** A region over a plain ArrayBuffer: all of it is there from the start, and no addon is needed. */
export class EagerRegion implements Region {
  readonly capacity: number;
  readonly keepsContents = false;
  readonly dirty = 0;
  #buffer: ArrayBuffer;

  constructor(capacity: number) {
    checkCapacity(capacity);
    this.capacity = capacity;
    this.#buffer = allocate(capacity);
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  get committed(): number {
    return this.capacity;
  }

  grow(): boolean {
    if (isDetached(this.#buffer)) {
      this.#buffer = allocate(this.capacity); // taken away, with its contents
    }
    return true;
  }

  holds(buffer: ArrayBufferLike): boolean {
    return buffer === this.#buffer;
  }

  reset(used: number): boolean {
    const moved = CAN_DETACH && !isDetached(this.#buffer) ? moveOn(this.#buffer) : null;
    if (moved === null) {
      return this.renew(used, false);
    }
    this.#buffer = moved;
    return false;
  }

  renew(_used: number, detach: boolean): boolean {
    const old = this.#buffer;
    this.#buffer = allocate(this.capacity);
    if (detach && CAN_DETACH && !isDetached(old)) {
      moveOn(old);
    }
    return true;
  }

  discard(): number {
    return Infinity; // JavaScript has no way to
  }

  resident(): number {
    return this.capacity;
  }

  describe(): Record<string, number> {
    return {};
  }

  dispose(): void {
    this.#buffer = new ArrayBuffer(0);
  }
}

function allocate(capacity: number): ArrayBuffer {
  try {
    return new ArrayBuffer(capacity);
  } catch (cause) {
    const ENOMEM = 12;
    throw new OffheapSystemError(ENOMEM, 'new ArrayBuffer', `no memory for ${formatBytes(capacity)}`, { cause });
  }
}
