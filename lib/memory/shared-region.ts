import { randomBytes } from 'node:crypto';

import { OffheapSystemError } from '../errors';
import { KEY_LENGTH, type NativeShared } from '../native/contract';
import { loadAddon } from '../native/load';
import { isDetached } from './detach';
import { checkExposed, commitMore, noRoom, STEP } from './growth';
import { checkCapacity } from './region';

/**
 * What one thread has of memory that all threads share: `capacity` bytes, of which it sees a prefix as `buffer`, and a bump
 * pointer, `taken`, that goes up and never comes down.
 *
 * The prefix grows as a Region's does. Nothing is reserved before the first `grow` of any thread, and the addon is not loaded
 * before that, or before `key` is read.
 */
export class SharedRegion {
  /** Bytes. */
  readonly capacity: number;
  #native: NativeShared | null;
  #key: string | null;
  #reserved = false;
  #committed = 0;
  #buffer = new ArrayBuffer(0);
  /** By ArrayBuffer, at which offset it begins. */
  readonly #exposures = new WeakMap<ArrayBufferLike, number>([[this.#buffer, 0]]);
  /** What `#buffer` was made with: one that was taken away has no length. */
  #length = 0;
  #exposedBefore = 0;

  private constructor(capacity: number, key: string | null, native: NativeShared | null) {
    this.capacity = capacity;
    this.#key = key;
    this.#native = native;
  }

  /** @throws OffheapError `ERR_OFFHEAP_TOO_LARGE` for a capacity that no ArrayBuffer of this runtime can have. */
  static create(capacity: number): SharedRegion {
    checkCapacity(capacity);
    return new SharedRegion(capacity, null, null);
  }

  /** The memory of this key; `null` where there is none, or none any more. */
  static find(key: string): SharedRegion | null {
    const native = loadAddon().attach(key);
    return typeof native === 'number' ? null : new SharedRegion(native.capacity(), key, native);
  }

  /** By which other threads find the memory, as long as one has it. */
  get key(): string {
    this.#share();
    return this.#key!;
  }

  #share(): NativeShared {
    if (this.#native !== null) {
      return this.#native;
    }
    const key = randomBytes(KEY_LENGTH / 2).toString('hex');
    const native = loadAddon().share(key, this.capacity);
    if (typeof native === 'number') {
      throw new OffheapSystemError(native, 'share', 'the memory cannot be shared');
    }
    this.#key = key;
    return (this.#native = native);
  }

  /** From offset 0 as far as this thread has needed it; empty at first. */
  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  /**
   * Below, memory may not be zero though nobody has taken it: an earlier buffer ends here, and somebody may have that away, and
   * write to it.
   */
  get exposedBefore(): number {
    return this.#exposedBefore;
  }

  /**
   * Makes `buffer` an attached ArrayBuffer of at least `end` bytes, `end` being at most `capacity`. False when the system has
   * no more memory; then nothing has changed.
   *
   * @throws OffheapSystemError where the system refuses to reserve the addresses; the next call tries again.
   */
  grow(end: number): boolean {
    if (!this.commit(end)) {
      return false;
    }
    if (this.#buffer.byteLength < end || isDetached(this.#buffer)) {
      this.#expose();
    }
    return true;
  }

  /** The same without `buffer`. */
  commit(end: number): boolean {
    if (end <= this.#committed) {
      return true;
    }
    const { capacity } = this;
    const native = this.#share();
    if (!this.#reserved) {
      const errno = native.reserve();
      if (errno !== 0) {
        throw noRoom(loadAddon(), errno, 'reserve', capacity);
      }
      this.#reserved = true;
    }
    this.#committed = commitMore(loadAddon(), native, { committed: this.#committed, capacity, end, step: STEP });
    return end <= this.#committed;
  }

  /** Over all that is committed. */
  #expose(): void {
    const length = Math.min(this.#committed, this.capacity);
    const buffer = length === 0 ? new ArrayBuffer(0) : checkExposed(this.#share().expose(length), length);
    this.#exposedBefore = this.#length;
    this.#length = length;
    this.#exposures.set(buffer, 0);
    this.#buffer = buffer;
  }

  /**
   * An ArrayBuffer over only what lies between two offsets, which are committed.
   *
   * @throws OffheapError where the runtime refuses it.
   */
  exposePart(from: number, to: number): ArrayBuffer {
    const buffer = checkExposed(this.#share().exposePart(from, to), to - from);
    this.#exposures.set(buffer, from);
    return buffer;
  }

  /** At which offset of this memory an ArrayBuffer begins; undefined for one that is not over it. */
  startOf(buffer: ArrayBufferLike): number | undefined {
    return this.#exposures.get(buffer);
  }

  /** Bytes that are usable, as far as this thread knows: it has made them so, or some thread has taken them. */
  get committed(): number {
    return Math.max(this.#committed, this.taken());
  }

  /** How many bytes all threads together have taken. */
  taken(): number {
    return this.#native?.taken() ?? 0;
  }

  /** Takes what lies between two offsets; false where `from` is not what `taken` answers any more. `grow` comes first. */
  take(from: number, to: number): boolean {
    return this.#native?.take(from, to) === 0;
  }

  /** Bytes of physical memory behind it, of all threads together. */
  resident(): number {
    return Math.max(0, this.#native?.resident() ?? 0);
  }
}
