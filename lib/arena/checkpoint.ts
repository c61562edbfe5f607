import { OffheapError } from '../errors';
import type { Lifetime } from '../memory/lifetime';

/** A position of a stack's owner to which it can go back. Several checkpoints may share one. */
export class Frame {
  /** Below the top frame, the one that is next. */
  readonly below: Frame | null;
  readonly offset: number;
  /** Where the last record below it ends. */
  readonly floor: number;
  /** False once the owner has gone back to before this frame. */
  alive = true;
  /** How many checkpoints were taken here. */
  taken = 1;
  /** The checkpoints up to this one are valid; Infinity as long as none was passed over. */
  valid = Infinity;
  /** Nothing has happened since the owner went back to this frame. */
  fresh = false;
  /** What references hold that were made while this was the top frame. */
  lifetime: Lifetime | null = null;
  readonly depth: number;

  constructor(below: Frame | null, offset: number, floor: number) {
    this.below = below;
    this.offset = offset;
    this.floor = floor;
    this.depth = below === null ? 0 : below.depth + 1;
  }

  /** Makes the references stale that were made here. */
  endLifetime(): void {
    this.lifetime?.end();
    this.lifetime = null;
  }
}

interface Place {
  readonly stack: CheckpointStack;
  readonly frame: Frame;
  /** Which of the checkpoints that share the frame. */
  readonly order: number;
}

let placeOf: (checkpoint: Checkpoint) => Place;

/**
 * A saved bump pointer. It stays valid until its arena goes back to an earlier checkpoint or starts over, and can be
 * rewound to more than once.
 */
export class Checkpoint {
  readonly #place: Place;

  static {
    placeOf = (checkpoint) => checkpoint.#place;
  }

  /** @internal */
  constructor(place: Place) {
    this.#place = place;
  }

  /** The `used` that is gone back to, in bytes. */
  get offset(): number {
    return this.#place.frame.offset;
  }
}

/** The checkpoints of one arena, in the order in which they were taken. */
export class CheckpointStack {
  /** The frame that is there before any checkpoint, and stays. */
  readonly #bottom = new Frame(null, 0, 0);
  #top = this.#bottom;

  get top(): Frame {
    return this.#top;
  }

  take(offset: number, floor: number): Checkpoint {
    const top = this.#top;
    // A loop that takes a checkpoint, works and goes back would otherwise leave a frame behind every time.
    if (top.fresh && top.offset === offset && top.valid === Infinity && top.lifetime === null) {
      top.fresh = false;
      top.taken++;
      return new Checkpoint({ stack: this, frame: top, order: top.taken });
    }
    const frame = new Frame(top, offset, floor);
    this.#top = frame;
    return new Checkpoint({ stack: this, frame, order: 1 });
  }

  /** Goes back to a checkpoint: those taken after it are stale from now on. Answers its frame. */
  rewind(checkpoint: Checkpoint): Frame {
    const { frame, order } = placeOf(checkpoint);
    this.check(checkpoint);
    if (order < frame.taken) {
      frame.valid = order;
    }
    this.#drop(frame);
    frame.endLifetime();
    frame.fresh = true;
    return frame;
  }

  /** Throws `ERR_OFFHEAP_STALE` for a checkpoint that cannot be gone back to. */
  check(checkpoint: Checkpoint): void {
    const { stack, frame, order } = placeOf(checkpoint);
    if (stack !== this) {
      throw new OffheapError('ERR_OFFHEAP_STALE', 'The checkpoint belongs to another arena');
    }
    if (!frame.alive || order > frame.valid) {
      throw new OffheapError(
        'ERR_OFFHEAP_STALE',
        'The checkpoint is stale: since it was taken, the arena has started over or gone back to an earlier one',
      );
    }
  }

  /** Opens a frame of the owner's own, for `leave`. */
  enter(offset: number, floor: number): Frame {
    this.#top = new Frame(this.#top, offset, floor);
    return this.#top;
  }

  /** Drops a frame and all above it. False when the owner has gone back to before it already. */
  leave(frame: Frame): boolean {
    if (!frame.alive) {
      return false;
    }
    this.#drop(frame.below!); // enter() has put it on another one
    return true;
  }

  /** Makes all checkpoints and all references stale. */
  clear(): void {
    this.#drop(this.#bottom);
    this.#bottom.endLifetime();
  }

  #drop(until: Frame): void {
    let top = this.#top;
    while (top !== until) {
      top.alive = false;
      top.endLifetime();
      top = top.below!; // `until` is below
    }
    this.#top = top;
  }
}
