import { types } from 'node:util';

import { own } from '../layout/intrinsic';

/**
 * How long `Buffer.concat` of these would be, in bytes.
 *
 * @returns 0 where there is nothing to allocate, and for arguments that are wrong, which Node itself refuses best.
 */
export function lengthOf(list: unknown, length: unknown): number {
  if (!Array.isArray(list)) {
    return 0;
  }
  let sum = 0;
  for (const part of list as unknown[]) {
    if (!types.isUint8Array(part)) {
      return 0;
    }
    sum += own(part, 'byteLength');
  }
  if (length === undefined) {
    return sum;
  }
  return Number.isSafeInteger(length) && sum > 0 ? (length as number) : 0;
}

/** Fills a Buffer as `Buffer.concat` does: what does not fit is left out, and what is left over is zero. */
export function fillWith(target: Buffer, list: readonly Uint8Array[]): Buffer {
  let offset = 0;
  for (const part of list) {
    const room = target.length - offset;
    const size = own(part, 'byteLength');
    if (size > room) {
      target.set(new Uint8Array(own(part, 'buffer'), own(part, 'byteOffset'), room), offset);
      return target;
    }
    target.set(part, offset);
    offset += size;
  }
  return offset < target.length ? target.fill(0, offset) : target;
}
