import { OffheapError } from '../errors';
import { formatBytes } from '../sizes';
import { BlockBuffer } from './buffer-view';
import { whyRefused } from './limit';
import type { Region } from './region';

/** The strings of an arena's records, as UTF-8, one after the other. Nobody else sees this memory. */
export class TextSpace {
  readonly #makeRegion: (bytes: number) => Region;
  #region: Region;
  #bytes: Buffer = Buffer.alloc(0);
  #used = 0;
  #readers = 0;

  constructor(capacity: number, makeRegion: (bytes: number) => Region) {
    this.#makeRegion = makeRegion;
    this.#region = makeRegion(capacity);
  }

  get used(): number {
    return this.#used;
  }

  get region(): Region {
    return this.#region;
  }

  /**
   * Writes a string of `length` bytes, over the `capacity` bytes at `offset` where it fits there, and else at the end.
   * The last string of all grows in place. Answers the offset.
   *
   * @throws OffheapError `ERR_OFFHEAP_FULL` when there is no room. Then nothing has changed.
   */
  write(text: string, length: number, offset = 0, capacity = 0): number {
    const start = this.#startFor(length, offset, capacity, this.#used);
    const end = start + length;
    if (end > this.#used) {
      this.#reach(end, length);
      this.#used = end;
    }
    this.#bytes.write(text, start, length, 'utf8');
    return start;
  }

  #startFor(length: number, offset: number, capacity: number, used: number): number {
    const inPlace = length <= capacity || (capacity > 0 && offset + capacity === used);
    return inPlace && this.#readers === 0 ? offset : used;
  }

  /** What would be used after `write`, if `used` bytes were before. */
  endAfter(length: number, offset: number, capacity: number, used: number): number {
    return Math.max(used, this.#startFor(length, offset, capacity, used) + length);
  }

  /** Until `letGo`, what is written is not written over. */
  hold(): void {
    this.#readers++;
  }

  letGo(): void {
    this.#readers--;
  }

  /** @throws OffheapError `ERR_OFFHEAP_FULL` when there is no room up to `end`. */
  reserve(end: number): void {
    this.#reach(end, end - this.#used);
  }

  #reach(end: number, length: number): void {
    if (end <= this.#bytes.length) {
      return;
    }
    const { capacity } = this.#region;
    if (end > capacity || !this.#region.grow(end)) {
      const reason =
        end > capacity
          ? `of the ${formatBytes(capacity)} of textBytes ${formatBytes(capacity - this.#used)} are left`
          : whyRefused(length);
      throw new OffheapError('ERR_OFFHEAP_FULL', `No room for a text of ${length} bytes: ${reason}`);
    }
    const { buffer } = this.#region;
    this.#bytes = new BlockBuffer(buffer, 0, buffer.byteLength);
  }

  read(offset: number, length: number): string {
    return this.#bytes.toString('utf8', offset, offset + length);
  }

  /** All that is used. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Takes `length` bytes into use, in an empty space, which is made larger where it is too small. Answers them. */
  fill(length: number): Buffer {
    if (length > this.#region.capacity) {
      this.#region.dispose();
      this.#region = this.#makeRegion(length);
    }
    this.#reach(length, length);
    this.#used = length;
    return this.bytes;
  }

  /** Gives up what was written since `used` was this. */
  goBack(used: number): void {
    this.#used = used;
  }

  dispose(): void {
    this.#region.dispose();
    this.#bytes = Buffer.alloc(0);
    this.#used = 0;
  }
}
