/**
 * Whether this runtime survives the detaching of an ArrayBuffer that a job is working on. Node 20 aborts with an
 * assertion when it is a zlib or brotli stream's, even where a flag gives it `transfer()`.
 */
export const CAN_DETACH =
  typeof ArrayBuffer.prototype.transfer === 'function' && !/^(1\d|2[01])\./.test(process.versions.node);

/** True for a buffer that was detached, and false for one that was made with length 0. */
export function isDetached(buffer: ArrayBufferLike): boolean {
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

/**
 * Moves the memory of a buffer to a new one of the same length, or of length 0, which ends it. `null` for a buffer that
 * was marked as untransferable: that one keeps its memory, and Node itself aborts at exit because of it.
 */
export function transfer(buffer: ArrayBuffer, length = buffer.byteLength): ArrayBuffer | null {
  try {
    return buffer.transfer(length);
  } catch {
    return null;
  }
}
