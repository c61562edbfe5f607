import { channel } from 'node:diagnostics_channel';

import { checkOneOf } from '../arguments';
import { formatBytes } from '../sizes';
import { later } from './later';
import type { Slot } from './slot';

/**
 * How much a pool finds out about Buffers that are lost: collected without having been released. Their memory comes back at
 * every level.
 *
 * - `'off'`: they are counted in `stats.leaks`.
 * - `'simple'`: of one in 128 it is known, and reported, where it was acquired.
 * - `'advanced'`: and where it was touched last, by `pool.touch(buffer)`.
 * - `'paranoid'`: the same of every one, at several microseconds each.
 */
export type LeakDetection = 'off' | 'simple' | 'advanced' | 'paranoid';

const LEVELS: readonly LeakDetection[] = ['off', 'simple', 'advanced', 'paranoid'];

/** What is published on `offheap:leak` for each lost Buffer of which it is known where it was acquired. */
export interface LeakMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** Bytes, as asked for. */
  readonly size: number;
  /** The stack of `acquire`. */
  readonly acquiredAt: string;
  /** The stack of the last `touch`, and what it said. */
  readonly touchedAt?: string;
}

/** For how many milliseconds a Buffer may be in use until it is worth watching. Most are released before. */
const SETTLING = 100;
/** How many of these there may be at a time. */
const SAMPLES = 64;
/** One Buffer in how many is watched from the start, on average. */
const SAMPLING = 128;
/** How many leaks of one place are warned of. After that, the channel and the statistics tell. */
const WARNINGS = 10;

/** `sample`, what calls it in BufferPool, and the public method. */
const FRAMES_OF_ACQUIRE = 3;
/** `touch`, and that of BufferPool. */
const FRAMES_OF_TOUCH = 2;

const VARIABLE = 'OFFHEAP_LEAK_DETECTION';

/** @throws TypeError for anything else than a level, or nothing; then the environment says which, or else it is `'simple'`. */
export function leakDetectionFrom(option: unknown): LeakDetection {
  if (option !== undefined) {
    checkOneOf('options.leakDetection', option, LEVELS);
    return option;
  }
  const level = process.env[VARIABLE]?.trim() || 'simple';
  checkOneOf(VARIABLE, level, LEVELS);
  return level;
}

/** Watches one Buffer, without keeping it alive, until it is released or collected. */
export class Tracker {
  readonly slot: Slot;
  readonly #buffer: WeakRef<Buffer>;
  /** Where the Buffer was acquired, if that is known. V8 makes text of it when somebody reads its `stack`. */
  readonly acquired: Error | null;
  touched: { readonly trace: Error; readonly hint: string } | null = null;

  constructor(slot: Slot, buffer: Buffer, acquired: Error | null) {
    this.slot = slot;
    this.#buffer = new WeakRef(buffer);
    this.acquired = acquired;
  }

  watches(buffer: object): boolean {
    return this.#buffer.deref() === buffer;
  }
}

/**
 * The frames of a trace without the first ones, which are the pool's own, under a line that says what it is about.
 * `Error.captureStackTrace` would leave them out by itself, in twice the time.
 */
function framesOf(title: string, { stack = '' }: Error, ownFrames: number): string {
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return [title, ...frames.slice(ownFrames)].join('\n');
}

/** Finds out which Buffers of a pool are lost. */
export class LeakDetector {
  readonly level: LeakDetection;
  readonly #pool: string;
  readonly #registry: FinalizationRegistry<Tracker>;
  readonly #warned = new Map<string, number>();
  /** Those about which nothing else is known yet. */
  readonly #samples: { slot: Slot; buffer: Buffer; acquired: Error | null }[] = [];

  /** @param onLost Called after a Buffer was collected that was not released, with its tracker. */
  constructor(pool: string, level: LeakDetection, onLost: (tracker: Tracker) => void) {
    this.level = level;
    this.#pool = pool;
    this.#registry = new FinalizationRegistry((tracker) => {
      onLost(tracker);
    });
  }

  /** How many Buffers to hand out until one is watched from the start, that one included. At random, or in a loop it would always be the same. */
  nextSample(): number {
    switch (this.level) {
      case 'off':
        return 2 ** 30;
      case 'paranoid':
        return 1;
      default:
        return 1 + Math.floor(Math.random() * (2 * SAMPLING - 1));
    }
  }

  /** Finds out about a Buffer that is handed out now where it was acquired. */
  sample(slot: Slot, buffer: Buffer): void {
    const acquired = this.level === 'off' ? null : new Error();
    if (this.level !== 'simple' || slot.held === null) {
      this.#track(slot, buffer, acquired);
      return;
    }
    // Watching costs as much again as the trace does, so it waits and sees.
    this.#samples.push({ slot, buffer, acquired });
    if (this.#samples.length === 1) {
      later(this, SETTLING, (detector) => {
        detector.#settle();
      });
    } else if (this.#samples.length === SAMPLES) {
      this.#settle(); // in a loop, no timer runs
    }
  }

  /** Watches those that are still in use. */
  #settle(): void {
    for (const { slot, buffer, acquired } of this.#samples.splice(0)) {
      if (slot.held === buffer) {
        this.#track(slot, buffer, acquired);
      }
    }
  }

  /** Watches a Buffer from now on, if that is not being done. */
  watch(slot: Slot, buffer: Buffer): void {
    this.#settle();
    if (slot.tracker === null) {
      this.#track(slot, buffer, null);
    }
  }

  #track(slot: Slot, buffer: Buffer, acquired: Error | null): void {
    if (slot.tracker !== null) {
      this.forget(slot.tracker);
    }
    const tracker = new Tracker(slot, buffer, acquired);
    slot.tracker = tracker;
    slot.held = slot.seen = null;
    this.#registry.register(buffer, tracker, tracker);
  }

  forget(tracker: Tracker): void {
    this.#registry.unregister(tracker);
  }

  touch(tracker: Tracker, hint: string): void {
    if (this.level === 'advanced' || this.level === 'paranoid') {
      tracker.touched = { trace: new Error(), hint };
    }
  }

  report({ acquired, touched, slot }: Tracker): void {
    if (acquired === null) {
      return;
    }
    const acquiredAt = framesOf('Acquired', acquired, FRAMES_OF_ACQUIRE);
    const message: LeakMessage = {
      pool: this.#pool,
      size: slot.size,
      acquiredAt,
      ...(touched && { touchedAt: framesOf(`Touched: ${touched.hint}`, touched.trace, FRAMES_OF_TOUCH) }),
    };
    if (leaks.hasSubscribers) {
      leaks.publish(message);
    }
    const count = (this.#warned.get(acquiredAt) ?? 0) + 1;
    this.#warned.set(acquiredAt, count);
    if (count <= WARNINGS) {
      const last = count === WARNINGS ? '. Further ones from there are only counted' : '';
      process.emitWarning(
        `A buffer of ${formatBytes(slot.size)} of the pool '${this.#pool}' was collected without having been released${last}`,
        {
          type: 'OffheapLeakWarning',
          code: 'OFFHEAP_LEAK',
          detail: [message.acquiredAt, ...(message.touchedAt === undefined ? [] : [message.touchedAt])].join('\n'),
        },
      );
    }
  }
}

const leaks = channel('offheap:leak');
