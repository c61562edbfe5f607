import { Returned } from '../layout/returned';
import type { Lifetime } from '../memory/lifetime';
import type { Slab } from './slabs';

/** The place of one block of a FreeList. */
export class Slot {
  readonly list: object;
  readonly slab: Slab<Slot>;
  /** In the ArrayBuffer. */
  readonly offset: number;
  block: Buffer;
  live = false;
  /** Of the block that is live, where somebody has asked for it. */
  lifetime: Lifetime | null = null;
  /** The free slot below this one. */
  next: Slot | null = null;

  constructor(list: object, slab: Slab<Slot>, block: Buffer) {
    this.list = list;
    this.slab = slab;
    this.offset = block.byteOffset;
    this.block = block;
  }

  /** Whether a Buffer was made for this slot. The one of a block whose ArrayBuffer was taken away has no length any more. */
  isOf(block: object): boolean {
    return Mark.isOn(block) && Mark.slotOf(block) === this;
  }
}

/** What a Buffer carries that was made here: its slot, which nobody else can read or forge. */
export class Mark extends Returned {
  readonly #slot: Slot;

  constructor(block: Buffer, slot: Slot) {
    super(block);
    this.#slot = slot;
  }

  /** Throws for what carries none: the fastest way for a block that does. */
  static slotOf(block: object): Slot {
    return (block as Mark).#slot;
  }

  static isOn(block: object): boolean {
    return #slot in block;
  }
}
