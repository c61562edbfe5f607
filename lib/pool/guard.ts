import { channel } from 'node:diagnostics_channel';

import { formatBytes } from '../sizes';
import type { Slot } from './slot';

/** What is published on `offheap:use-after-release` where a Buffer was written to after it had been released. */
export interface UseAfterReleaseMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** Bytes of the block. */
  readonly size: number;
  /** Of the first byte that was written to. */
  readonly offset: number;
}

const POISON = 0xdb;

/** Leaves in a Buffer that is released what the options want. */
export function wipe(
  slot: Slot,
  buffer: Buffer,
  { guard, zeroOnRelease }: { readonly guard: boolean; readonly zeroOnRelease: boolean },
): void {
  if (buffer.length === 0) {
    return; // it is empty, or its memory was taken away, and cannot be filled
  }
  if (guard) {
    slot.poisoned = slot.chunk !== null;
    (slot.chunk === null ? buffer : slot.block).fill(POISON);
  } else if (zeroOnRelease) {
    buffer.fill(0);
  }
}

function isPoison(block: Buffer): boolean {
  // Each byte is like the one before it: one comparison of memory, where a look at each byte would take a thousand times longer.
  return block[0] === POISON && Buffer.compare(block.subarray(1), block.subarray(0, -1)) === 0;
}

/** Warns where a block was poisoned and something else is there, though nobody has had it since. */
export function checkPoison(pool: string, slot: Slot): void {
  if (!slot.poisoned || slot.chunk!.stolen) {
    return;
  }
  slot.poisoned = false;
  const { block } = slot;
  if (isPoison(block)) {
    return;
  }
  const offset = block.findIndex((byte) => byte !== POISON);
  const message: UseAfterReleaseMessage = { pool, size: block.length, offset };
  if (uses.hasSubscribers) {
    // Not now: whoever hears of it may use the pool, which is in the middle of something.
    queueMicrotask(() => {
      uses.publish(message);
    });
  }
  process.emitWarning(
    `A buffer of the pool '${pool}' was written to after it had been released: ` +
      `at byte ${offset} of a block of ${formatBytes(block.length)}`,
    { type: 'OffheapGuardWarning', code: 'OFFHEAP_USE_AFTER_RELEASE' },
  );
}

const uses = channel('offheap:use-after-release');
