import { constants } from 'node:buffer';
import { types } from 'node:util';

import { own } from '../layout/intrinsic';

/**
 * How long `Buffer.concat` of these would be, in bytes.
 *
 * @returns 0 where there is nothing to allocate, and where arguments are wrong: then Node itself has to judge.
 */
export function lengthOf(list: unknown, length: unknown): number {
  if (!Array.isArray(list)) {
    return 0;
  }
  let sum = 0;
  for (let i = 0; i < list.length; i++) {
    const part: unknown = list[i];
    if (!types.isUint8Array(part)) {
      return 0;
    }
    sum += own(part, 'byteLength');
  }
  if (length === undefined || sum === 0) {
    return sum;
  }
  return Number.isSafeInteger(length) && (length as number) <= constants.MAX_LENGTH ? (length as number) : 0;
}

/**
 * Fills a Buffer as `Buffer.concat` does: what does not fit is left out, and what is left over is zero.
 *
 * @throws what V8 says of parts that were detached, or of lists that change while they are read.
 */
export function fillWith(target: Buffer, list: readonly Uint8Array[]): Buffer {
  const { length } = target;
  let offset = 0;
  for (let i = 0; i < list.length; i++) {
    const part = list[i]!;
    const end = offset + own(part, 'byteLength');
    if (end > length) {
      target.set(new Uint8Array(own(part, 'buffer'), own(part, 'byteOffset'), length - offset), offset);
      return target;
    }
    target.set(part, offset);
    offset = end;
  }
  return offset < length ? target.fill(0, offset) : target;
}
