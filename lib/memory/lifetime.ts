import { OffheapError } from '../errors';
import { BlockBuffer } from './buffer-view';
import type { TextSpace } from './text-space';
import { Views } from './views';

/** Whose memory a lifetime is over. */
export interface Owner {
  /** How many bytes lie between one record and the next, or 1 where records are of many kinds. */
  readonly stride: number;
  /** The definition of all records, where they are of one kind. */
  readonly definition: object | null;
  /**
   * Views on the memory as it is now, after bringing back what was taken away; `null` when that has taken the contents.
   *
   * @param seen What the memory was seen through until now.
   */
  currentViews(seen: ArrayBuffer): Views | null;
}

/** What there is to see when there is nothing to see. Never given away. */
export const NOTHING = new Views(new ArrayBuffer(0));

const NOBODY: Owner = { stride: 1, definition: null, currentViews: () => null };

/**
 * What all references to the same stretch of an owner's time hold in common: the views through which they see its
 * memory, for as long as they may.
 *
 * The end of a lifetime takes its views away. So the one comparison that every access needs anyhow, index against
 * length, also finds references that are stale and memory that was taken away, and leads to `recover`.
 */
export class Lifetime {
  buffer!: ArrayBuffer;
  bytes!: Buffer;
  i8!: Int8Array;
  u8!: Uint8Array;
  i16!: Int16Array;
  u16!: Uint16Array;
  i32!: Int32Array;
  u32!: Uint32Array;
  f32!: Float32Array;
  f64!: Float64Array;
  i64!: BigInt64Array;
  u64!: BigUint64Array;

  /** How many records of a typed arena there are. Here, since whoever adds or reads one needs the views as well. */
  length = 0;
  /** Whether somebody was given a Buffer or a typed array on this memory, which outlives the lifetime. */
  exposed = false;
  /** Where the texts of the records are. */
  readonly text: TextSpace | null;
  owner: Owner;
  /** Of two lifetimes of one owner, the deeper one ends first. */
  readonly depth: number;
  #ended = false;

  constructor(owner: Owner, views: Views | null, options: { depth?: number; text?: TextSpace | null } = {}) {
    this.owner = owner;
    this.depth = options.depth ?? 0;
    this.text = options.text ?? null;
    this.see(views ?? NOTHING);
  }

  /** Looks through other views on the same memory from now on. */
  see(views: Views): void {
    const { buffer } = views;
    this.buffer = buffer;
    this.bytes = new BlockBuffer(buffer, 0, buffer.byteLength);
    this.i8 = views.i8;
    this.u8 = views.u8;
    this.i16 = views.i16;
    this.u16 = views.u16;
    this.i32 = views.i32;
    this.u32 = views.u32;
    this.f32 = views.f32;
    this.f64 = views.f64;
    this.i64 = views.i64;
    this.u64 = views.u64;
  }

  /** Makes every reference stale. */
  end(): void {
    this.#ended = true;
    this.owner = NOBODY; // a stale reference keeps no arena alive
    this.see(NOTHING);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * For whoever has found the views too short for what ends at `end`: makes them long enough.
   *
   * @throws OffheapError `ERR_OFFHEAP_STALE` where that cannot be.
   */
  recover(end: number): void {
    if (!this.#ended) {
      const views = this.owner.currentViews(this.buffer);
      if (views !== null) {
        this.see(views);
        if (end <= this.bytes.length) {
          return;
        }
      } else {
        this.end();
      }
    }
    throw new OffheapError(
      'ERR_OFFHEAP_STALE',
      'The reference is stale: since it was made, its arena has started over, gone back or been disposed of, or ' +
        'somebody has taken its memory away',
    );
  }
}
