/**
 * Whether this runtime survives the detaching of an ArrayBuffer that a job is working on. Node 20 aborts with an
 * assertion when it is a zlib or brotli stream's, even where a flag gives it `transfer()`.
 */
export const CAN_DETACH =
  typeof ArrayBuffer.prototype.transfer === 'function' && !/^(1\d|2[01])\./.test(process.versions.node);

/** True for a buffer that was detached, and false for one that was made with length 0. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) {
    return false;
  }
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true; // Node 20 has no other way to tell
  }
}

/** Detaches a buffer, if that is left to do. Its store is ended, and accounted for no more. */
export function detach(buffer: ArrayBuffer | undefined): void {
  if (buffer !== undefined && buffer.byteLength > 0) {
    buffer.transfer(0);
  }
}
