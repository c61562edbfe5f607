import { channel } from 'node:diagnostics_channel';

import { formatBytes } from '../sizes';

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

export function poison(block: Buffer): void {
  block.fill(POISON);
}

/** Warns where something else than poison is in a block that nobody has had since it was poisoned. */
export function checkPoison(pool: string, block: Buffer): void {
  const offset = block.findIndex((byte) => byte !== POISON);
  if (offset < 0) {
    return;
  }
  const message: UseAfterReleaseMessage = { pool, size: block.length, offset };
  if (uses.hasSubscribers) {
    uses.publish(message);
  }
  process.emitWarning(
    `A buffer of the pool '${pool}' was written to after it had been released: ` +
      `at byte ${offset} of a block of ${formatBytes(block.length)}`,
    { type: 'OffheapGuardWarning', code: 'OFFHEAP_USE_AFTER_RELEASE' },
  );
}

const uses = channel('offheap:use-after-release');
