import { channel } from 'node:diagnostics_channel';

import { checkOneOf } from '../arguments';
import { formatBytes } from '../sizes';
import { later } from '../later';
import type { Slot } from './slot';

/**
 * How much a pool finds out about Buffers that are lost: collected without having been released. Their memory comes back at
 * every level.
 *
 * - `'off'`: they are counted in `stats.leaks`.
 * - `'simple'`: of one in 128 it is known, and reported, where it was acquired.
 * - `'advanced'`: and where it was touched last, by `pool.touch(buffer)`.
 * - `'paranoid'`: the same of every one, at some 15 microseconds each.
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
/** Of how many places. */
const PLACES = 1000;

/** `sample`, what calls it in BufferPool, and the public method. */
const FRAMES_OF_ACQUIRE = 3;
/** `touch`, and that of BufferPool. */
const FRAMES_OF_TOUCH = 2;

const VARIABLE = 'OFFHEAP_LEAK_DETECTION';

/** @throws TypeError for anything else than a level, or nothing; then the environment says which, or else it is `'off'`. */
export function leakDetectionFrom(option: unknown): LeakDetection {
  if (option !== undefined) {
    checkOneOf('options.leakDetection', option, LEVELS);
    return option;
  }
  const level = process.env[VARIABLE]?.trim() || 'off';
  checkOneOf(VARIABLE, level, LEVELS);
  return level;
}

/**
 * What is known of a Buffer that has just been handed out. Until V8 has made text of a trace, it keeps alive the receivers of all calls in it,
 * and so perhaps the very Buffer; but text costs several times as much as the trace, and few Buffers are in use for long enough to need it.
 */
export interface Sample {
  readonly slot: Slot;
  readonly buffer: Buffer;
  readonly acquired: Error | null;
  touched: { readonly hint: string; readonly trace: Error } | null;
}

/** Watches one Buffer, without keeping it alive, until it is released or collected. */
export class Tracker {
  readonly slot: Slot;
  readonly #buffer: WeakRef<Buffer>;
  /** Where the Buffer was acquired, and touched last, as far as that is known. */
  readonly acquiredAt: string | null;
  touchedAt: string | null;

  constructor(slot: Slot, buffer: Buffer, acquiredAt: string | null, touchedAt: string | null) {
    this.slot = slot;
    this.#buffer = new WeakRef(buffer);
    this.acquiredAt = acquiredAt;
    this.touchedAt = touchedAt;
  }

  watches(buffer: object): boolean {
    return this.#buffer.deref() === buffer;
  }
}

/**
 * The frames of a trace without the first ones, which are the pool's own, under a line that says what it is about.
 * `Error.captureStackTrace` would leave them out by itself, in twice the time.
 */
function textOf(title: string, trace: Error, ownFrames: number): string {
  let stack: string;
  try {
    stack = String(trace.stack); // which may be anything, by the program's own Error.prepareStackTrace
  } catch {
    stack = '';
  }
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  // Where Error.stackTraceLimit is low, the pool's own are all there is.
  return [title, ...(frames.length > ownFrames ? frames.slice(ownFrames) : frames)].join('\n');
}

function textOfTouch({ hint, trace }: { readonly hint: string; readonly trace: Error }): string {
  return textOf(`Touched: ${hint}`, trace, FRAMES_OF_TOUCH);
}

/** Finds out which Buffers of a pool are lost. */
export class LeakDetector {
  readonly level: LeakDetection;
  readonly #pool: string;
  readonly #registry: FinalizationRegistry<Tracker>;
  readonly #warned = new Map<string, number>();
  /** Those of which it is to be seen whether they are in use for long. */
  #samples: Sample[] = [];

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
    const sample: Sample = { slot, buffer, acquired: this.level === 'off' ? null : new Error(), touched: null };
    if (this.level === 'paranoid' || slot.held === null) {
      this.#track(sample); // whoever is paranoid need not wait; of what is watched already, more is known now
      return;
    }
    slot.sample = sample;
    this.#samples.push(sample);
    if (this.#samples.length === 1) {
      later(this, SETTLING, (detector) => {
        detector.#settle();
      });
    } else if (this.#samples.length >= SAMPLES) {
      // In a loop no timer runs.
      this.#forgetReleased();
      if (this.#samples.length > SAMPLES / 2) {
        this.#settle();
      }
    }
  }

  /** Watches those that are still in use. */
  #settle(): void {
    this.#forgetReleased();
    for (const sample of this.#samples.splice(0)) {
      this.#track(sample);
    }
  }

  #forgetReleased(): void {
    this.#samples = this.#samples.filter((sample) => {
      const { slot, buffer } = sample;
      if (slot.held !== buffer && slot.sample === sample) {
        slot.sample = null;
      }
      return slot.held === buffer;
    });
  }

  /** Watches a Buffer from now on. */
  watch(slot: Slot, buffer: Buffer): void {
    const { sample } = slot;
    this.#track(sample?.buffer === buffer ? sample : { slot, buffer, acquired: null, touched: null });
  }

  #track({ slot, buffer, acquired, touched }: Sample): void {
    if (slot.tracker !== null) {
      this.forget(slot.tracker);
    }
    const acquiredAt = acquired && textOf('Acquired', acquired, FRAMES_OF_ACQUIRE);
    const tracker = new Tracker(slot, buffer, acquiredAt, touched && textOfTouch(touched));
    slot.tracker = tracker;
    slot.held = slot.seen = slot.sample = null;
    this.#registry.register(buffer, tracker, tracker);
  }

  forget(tracker: Tracker): void {
    this.#registry.unregister(tracker);
  }

  touch({ tracker, sample, held }: Slot, hint: string): void {
    if (this.level !== 'advanced' && this.level !== 'paranoid') {
      return;
    }
    if (tracker !== null) {
      tracker.touchedAt = textOfTouch({ hint, trace: new Error() });
    } else if (sample !== null && sample.buffer === held) {
      sample.touched = { hint, trace: new Error() };
    }
  }

  report({ acquiredAt, touchedAt, slot }: Tracker): void {
    if (acquiredAt === null) {
      return;
    }
    if (leaks.hasSubscribers) {
      const { size } = slot;
      const message: LeakMessage = { pool: this.#pool, size, acquiredAt, ...(touchedAt !== null && { touchedAt }) };
      leaks.publish(message);
    }
    const count = (this.#warned.get(acquiredAt) ?? 0) + 1;
    if (count > WARNINGS || (count === 1 && this.#warned.size === PLACES)) {
      return;
    }
    this.#warned.set(acquiredAt, count);
    const last = count === WARNINGS ? '. Further ones from there are only counted' : '';
    process.emitWarning(
      `A buffer of ${formatBytes(slot.size)} of the pool '${this.#pool}' was collected without having been released${last}`,
      {
        type: 'OffheapLeakWarning',
        code: 'OFFHEAP_LEAK',
        detail: touchedAt === null ? acquiredAt : `${acquiredAt}\n${touchedAt}`,
      },
    );
  }
}

const leaks = channel('offheap:leak');
