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

/** Detaches a buffer, for good: its store is ended, and accounted for no more. False where that is refused. */
export function end(buffer: ArrayBuffer): boolean {
  return buffer.byteLength === 0 || transfer(buffer, 0) !== null;
}

/** One piece of memory, which several ArrayBuffers have had one after the other. */
interface Store {
  /** The first of them: the one whose end the addon watches. */
  readonly first: ArrayBuffer;
  /** The one that has the memory now. */
  newest: ArrayBuffer;
}

/**
 * A job that was started on an ArrayBuffer goes on working on its memory after that has moved on, and what it holds, and
 * Node keeps alive for it, is the object. So every object keeps alive the newest, which keeps the memory, and the first.
 */
const storeOf = new WeakMap<ArrayBuffer, Store>();

/** Moves the memory of a buffer on to a new one, and leaves it detached; `null` where that is refused. */
export function moveOn(buffer: ArrayBuffer): ArrayBuffer | null {
  const newest = transfer(buffer);
  if (newest === null) {
    return null;
  }
  let store = storeOf.get(buffer);
  if (store === undefined) {
    store = { first: buffer, newest };
    storeOf.set(buffer, store);
  }
  store.newest = newest;
  storeOf.set(newest, store);
  return newest;
}
