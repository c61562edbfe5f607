import { BumpArena } from '../arena/bump-arena';
import { checkFunction, checkOptions } from '../arguments';
import { invalidType, outOfRange } from '../errors';
import { checkSize, KiB } from '../sizes';

/** What hands out blocks that are given back one by one, such as a BufferPool. */
export interface BlockPool {
  /** A Buffer of `size` bytes; `null` where there is none, which pauses the socket. */
  acquire(size: number): Buffer | null;
  /** Takes a Buffer back. */
  release(block: Buffer): void;
}

/** How much one read of a socket can bring. */
export interface OnreadOptions {
  /** Bytes that one read can bring, from 1. Default: 64 KiB. */
  size?: number;
}

/** Returning `false` pauses the socket, as in Node's own. */
export type OnreadCallback = (bytesRead: number, block: Buffer) => unknown;

/** For the option `onread` of `net.connect` and `new net.Socket`. */
export interface Onread {
  /** Node calls it for the Buffer that the next read goes to. */
  buffer(): Buffer;
  /** Node calls it with what was read. `false` pauses the socket. */
  callback(bytesRead: number, block: Buffer): boolean;
  /**
   * To be called when the socket has closed: gives back what the next read would have got, and the arena's pin. Idempotent.
   */
  release(): void;
  /** The end of a `using` block: the same as `release()`. */
  [Symbol.dispose](): void;
}

/**
 * Lets a socket read into blocks of an arena or a pool, instead of a Buffer of Node's own for every read.
 *
 * From an **arena**, each block ends with the bytes that have come, and lasts as long as the arena's. The arena is
 * pinned until `release()`, because the system may write to the block of the next read at any time.
 *
 * From a **pool**, `callback` gets the very block that was acquired, of which the first `bytesRead` bytes are the
 * read's, and owns it: it has to release it.
 *
 * Where the arena is full, or the pool answers `null`, Node's own allocation helps out; the pool refuses such a block.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE` or RangeError `ERR_OUT_OF_RANGE` for a wrong argument.
 */
export function onread(source: BumpArena | BlockPool, callback: OnreadCallback, options: OnreadOptions = {}): Onread {
  const { size = 64 * KiB } = checkOptions(options);
  checkFunction(callback, 'callback');
  checkSize('options.size', size);
  if (size === 0) {
    throw outOfRange('options.size', 'an integer >= 1', size);
  }
  const reads = isPool(source) ? readsOfPool(source, size) : readsOfArena(source, size);
  const release = (): void => {
    reads.release();
  };
  return {
    buffer: () => reads.next() ?? Buffer.allocUnsafeSlow(size),
    callback: (bytesRead, block) => callback(bytesRead, reads.taken(block, bytesRead)) !== false,
    release,
    [Symbol.dispose]: release,
  };
}

interface Reads {
  next(): Buffer | null;
  /** What the callback gets of a block that was read into. */
  taken(block: Buffer, bytesRead: number): Buffer;
  release(): void;
}

function isPool(source: BumpArena | BlockPool): source is BlockPool {
  if (source instanceof BumpArena) {
    return false;
  }
  const { acquire, release } = ((source as unknown) ?? {}) as Record<string, unknown>;
  if (typeof acquire !== 'function' || typeof release !== 'function') {
    throw invalidType('source', 'an arena, or an object with acquire() and release()', source);
  }
  return true;
}

function readsOfArena(arena: BumpArena, size: number): Reads {
  const pin = arena.pin();
  return {
    next: () => arena.alloc(size),
    taken: (block, bytesRead) =>
      bytesRead < block.length && arena.owns(block) ? arena.realloc(block, bytesRead)! : block.subarray(0, bytesRead),
    release: () => {
      pin.release();
    },
  };
}

function readsOfPool(pool: BlockPool, size: number): Reads {
  let waiting: Buffer | null = null;
  return {
    next: () => (waiting = pool.acquire(size)),
    taken: (block) => {
      waiting = null;
      return block;
    },
    release: () => {
      const block = waiting;
      waiting = null;
      if (block !== null) {
        pool.release(block);
      }
    },
  };
}
