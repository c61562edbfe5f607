import { constants } from 'node:buffer';
import { types } from 'node:util';

import { own } from '../layout/intrinsic';
import { isDetached } from '../memory/detach';

/**
 * How long `Buffer.concat` of these would be, in bytes.
 *
 * @returns 0 where there is nothing to allocate, and where Node itself has to judge: arguments that are wrong, parts that were
 * detached or say of themselves that they are longer or shorter than they are.
 */
export function lengthOf(list: unknown, length: unknown): number {
  if (!Array.isArray(list)) {
    return 0;
  }
  let sum = 0;
  for (let i = 0; i < list.length; i++) {
    const size = sizeOf(list[i]);
    if (size < 0) {
      return 0;
    }
    sum += size;
  }
  if (length === undefined || sum === 0) {
    return sum;
  }
  return Number.isSafeInteger(length) && (length as number) <= constants.MAX_LENGTH ? (length as number) : 0;
}

function sizeOf(part: unknown): number {
  if (!types.isUint8Array(part)) {
    return -1;
  }
  const size = own(part, 'byteLength');
  return part.length !== size || (size === 0 && isDetached(own(part, 'buffer'))) ? -1 : size;
}

/** Fills a Buffer as `Buffer.concat` does: what does not fit is left out, and what is left over is zero. */
export function fillWith(target: Buffer, list: readonly Uint8Array[]): Buffer {
  let offset = 0;
  for (let i = 0; i < list.length; i++) {
    const part = list[i]!;
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
