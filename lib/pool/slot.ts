import { invalidType, OffheapError } from '../errors';
import { Returned } from '../layout/returned';
import { BlockBuffer } from '../memory/buffer-view';
import type { Chunk } from './chunk';
import type { Sample, Tracker } from './leak-detector';

/** The place of one block, which one Buffer after the other is made for. */
export class Slot {
  /** Whose it is. */
  readonly pool: object;
  /** The memory that it is in; `null` for a Buffer of Node's own. */
  readonly chunk: Chunk | null;
  /** In the ArrayBuffer of the chunk. */
  readonly offset: number;
  /** How many bytes were asked for. */
  size = 0;
  /** The Buffer that has the block now; `null` while nobody has it, and where a tracker tells who has. */
  held: Buffer | null = null;
  /** What is known of the Buffer that has the block, or of one that had it. */
  sample: Sample | null = null;
  /** Watches the Buffer that has the block, which the slot then does not keep alive. */
  tracker: Tracker | null = null;
  /** The Buffer that had the block when the pool last looked around. */
  seen: Buffer | null = null;
  /** Whether the block was handed out before and waits, with its memory given back to the system. */
  cold = false;
  /** Whether the block was filled with poison when it was released, and has been warm since. */
  poisoned = false;

  constructor(pool: object, chunk: Chunk | null, offset: number) {
    this.pool = pool;
    this.chunk = chunk;
    this.offset = offset;
  }

  /** All of the block, which must be the pool's own, in memory that nobody has taken away. */
  get block(): Buffer {
    return new BlockBuffer(this.chunk!.buffer, this.offset, this.chunk!.sizeClass.blockSize);
  }

  /** Whether a Buffer has the block. */
  get live(): boolean {
    return this.held !== null || this.tracker !== null;
  }
}

/** What a Buffer of a pool carries: its slot, which nobody else can read or forge. */
export class Mark extends Returned {
  readonly #slot: Slot;

  constructor(buffer: Buffer, slot: Slot) {
    super(buffer);
    this.#slot = slot;
  }

  /** The slot of a Buffer; `null` for whatever has none. */
  static slotOf(buffer: object): Slot | null {
    try {
      return (buffer as Mark).#slot;
    } catch {
      return null; // what has none is rare, and `in` would cost every one that has
    }
  }
}

/** What to throw for a Buffer that has no slot of the pool. */
export function foreignBuffer(buffer: unknown): Error {
  const expected = 'the very Buffer that acquire() of this pool has answered';
  if (!ArrayBuffer.isView(buffer)) {
    return invalidType('buffer', expected, buffer);
  }
  return new OffheapError(
    'ERR_OFFHEAP_FOREIGN_BLOCK',
    `Expected ${expected}. Received ${buffer.byteLength} bytes that are a part of one, or none of its`,
  );
}
