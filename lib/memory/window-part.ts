import { alignUp } from '../sizes';
import { CAN_DETACH, end, isDetached } from './detach';
import type { Region } from './region';
import type { Window } from './window';

export interface PartOptions {
  /** Bytes to expose at first, unless more is asked for. */
  readonly first: number;
  /** How far the window may be used before it is renewed, in bytes. */
  readonly length: number;
  /** Whether all that is exposed is cleared, so that not even `buffer` shows what others have left. */
  readonly zeroed: boolean;
  /** Whether memory that nobody can reach any more by a view is used again at once, whatever jobs still run on it. */
  readonly reuse: boolean;
}

/**
 * One user's part of a window, with ArrayBuffers of its own: offsets begin at 0, and nobody can see through them, take away or
 * copy what is another user's.
 *
 * Where it begins is not decided before memory is needed, and is decided anew when it starts over.
 */
export class WindowPart implements Region {
  readonly capacity: number;
  readonly keepsContents = true;
  readonly dirty: number;
  readonly #window: Window;
  readonly #options: PartOptions;
  /** Whether the views are detached when everything ends. */
  detachAtEnd = false;
  /** Whether what is grown for is about to be overwritten, and need not be cleared. */
  filling = false;

  /** What `buffer` is while nothing is exposed. */
  #empty = new ArrayBuffer(0);
  #buffer: ArrayBuffer = this.#empty;
  /** The shorter exposures. Held, for one that was collected might have been taken away before. */
  #older: ArrayBuffer[] = [];
  /** Somebody has an exposure that we cannot detach. */
  #stolen = false;
  /** Where the part begins in the window; negative as long as it does not. */
  #base = -1;
  /** The longest exposure, in bytes. */
  #extent = 0;
  /** What is exposed need not be cleared up to here. */
  #clear = 0;

  constructor(window: Window, options: PartOptions) {
    this.capacity = window.capacity;
    this.dirty = options.zeroed ? 0 : window.capacity;
    this.#window = window;
    this.#options = options;
  }

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  /** Bytes that can be touched. */
  get committed(): number {
    return this.#base < 0 ? 0 : Math.min(this.#window.committed - this.#base, this.capacity);
  }

  grow(end: number): boolean {
    if (this.#buffer === this.#empty && isDetached(this.#empty)) {
      this.#buffer = this.#empty = new ArrayBuffer(0);
    }
    const exposed = this.#buffer.byteLength;
    if (exposed >= end) {
      return true;
    }
    const { first, length } = this.#options;
    const wanted = Math.max(end, this.#extent === 0 ? first : 2 * exposed);
    if (this.#base < 0) {
      this.#base = this.#window.begin(wanted, length);
    }
    if (!this.#window.commit(this.#base + end)) {
      return false;
    }
    if (this.filling) {
      this.#clear = Math.max(this.#clear, end);
    }
    this.#expose(wanted);
    return true;
  }

  #expose(length: number): void {
    const window = this.#window;
    const size = Math.min(alignUp(length, window.pageSize), this.committed);
    const buffer = window.expose(this.#base, this.#base + size);
    const dirty = Math.min(size, window.dirty - this.#base);
    if (this.#options.zeroed && dirty > this.#clear) {
      new Uint8Array(buffer, this.#clear, dirty - this.#clear).fill(0);
    }
    this.#clear = Math.max(this.#clear, size);
    this.#extent = Math.max(this.#extent, size);
    if (this.#buffer !== this.#empty) {
      if (isDetached(this.#buffer)) {
        this.#stolen = true;
      } else {
        this.#older.push(this.#buffer);
      }
    }
    this.#buffer = buffer;
  }

  holds(buffer: ArrayBufferLike): boolean {
    return buffer === this.#buffer || buffer === this.#empty || this.#older.includes(buffer as ArrayBuffer);
  }

  reset(): boolean {
    return this.renew(0, true);
  }

  renew(_used: number, detach: boolean): boolean {
    this.#leave(detach);
    return this.#options.zeroed;
  }

  #leave(detach: boolean): void {
    if (this.#base < 0) {
      return;
    }
    const hidden = this.#hide(detach);
    const from = this.#base;
    const to = from + this.#extent;
    this.#window.leave(to, hidden && this.#options.reuse ? from : to);
    this.#base = -1;
    this.#extent = 0;
    this.#clear = 0;
    this.#buffer = this.#empty;
    this.#older = [];
    this.#stolen = false;
  }

  /** Detaches what is exposed, where wanted; answers whether nobody has a view any more. */
  #hide(detach: boolean): boolean {
    if (!detach || !CAN_DETACH) {
      return false;
    }
    const shared = this.#shared();
    const ended = end(this.#buffer);
    return this.#older.every(end) && ended && !shared;
  }

  /** Whether somebody else has memory of this part in an ArrayBuffer that we cannot detach. */
  #shared(): boolean {
    return this.#stolen || isDetached(this.#buffer) || this.#older.some(isDetached);
  }

  discard(from: number): number {
    // What others have too, they may write to again.
    if (this.#base < 0 || !this.#window.discard(this.#base + from) || this.#shared()) {
      return Infinity;
    }
    return alignUp(from, this.#window.pageSize);
  }

  /** Bytes of physical memory behind what is committed, at most: the system is asked about the whole window. */
  resident(): number {
    return Math.min(this.committed, this.#window.resident());
  }

  describe(): Record<string, number> {
    return { committed: this.committed, resident: this.resident() };
  }

  dispose(): void {
    this.#leave(this.detachAtEnd);
  }
}
