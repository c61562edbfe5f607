import { writeSync } from 'node:fs';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

import { BumpAlloc } from '../arena/bump-alloc';
import type { BumpAllocHandle } from '../arena/bump-alloc-handle';
import { invalidType, OffheapError } from '../errors';
import { whyRefused } from '../memory/limit';
import { MAX_LENGTH } from '../memory/region';
import { sizeFrom, sizeText } from '../settings';
import { alignUp, DEFAULT_ALIGN, formatBytes, GiB } from '../sizes';
import { fillWith, lengthOf } from './concat';
import { concatAllocates, Hook } from './hook';
import { type Counts, Shared, summarize } from './summary';
import { ThreadBuffers } from './thread-buffers';
import { emitWarning } from './warning';

/** By which workers find what the thread that started them has installed. */
const KEY = 'offheap/global';
/** What they find there after `uninstall`. */
const OFF = 'off';
const STDERR = 2;

interface Installation {
  readonly handle: BumpAllocHandle;
  readonly words: SharedArrayBuffer;
  /** Whether to count: a worker may have an environment of its own. */
  readonly counting: boolean;
}

const hooks = { allocUnsafe: new Hook('allocUnsafe', allocUnsafe), concat: new Hook('concat', concat) };
const counts: Counts = { buffers: 0, bytes: 0, refused: 0 };
let counting = process.env['OFFHEAP_GLOBAL_STATS'] === '1';

let alloc: BumpAlloc | null = null;
let buffers: ThreadBuffers | null = null;
let shared: Shared | null = null;
/**
 * Sizes from here on are left to Node. Memory is never freed, so where there was no room once, there will be none again; 0
 * while nothing is installed.
 */
let refused = 0;
/** Why there is no memory at all. */
let failure: Error | null = null;

/** @param alignment Node 26 knows one, and serves such Buffers itself. */
function allocUnsafe(size: number, alignment?: number): Buffer {
  if (!Number.isSafeInteger(size) || size <= 0 || alloc === null || alignment !== undefined) {
    return allocateByNode(size, alignment);
  }
  return (size < refused ? take(size) : null) ?? leaveToNode(size);
}

function allocateByNode(size: number, alignment?: number): Buffer {
  const { original } = hooks.allocUnsafe;
  return (original as typeof allocUnsafe).call(Buffer, size, alignment);
}

function concat(list: readonly Uint8Array[], length?: number): Buffer {
  const size = alloc === null ? 0 : lengthOf(list, length);
  if (size > 0) {
    const target = allocUnsafe(size);
    try {
      return fillWith(target, list);
    } catch {
      // Node knows what to say
    }
  }
  return hooks.concat.original.call(Buffer, list, length);
}

function take(size: number): Buffer | null {
  let block: Buffer | null = null;
  try {
    block = buffers!.alloc(size);
    failure = null;
  } catch (error) {
    if (!(error instanceof OffheapError)) {
      throw error;
    }
    failure = error; // the system has no addresses, or the runtime refuses its ArrayBuffers
  }
  if (counting && block !== null) {
    counts.buffers++;
    counts.bytes += size;
  }
  return block;
}

function leaveToNode(size: number): Buffer {
  const buffer = allocateByNode(size); // throws for what nobody has memory for; then there is nothing to say
  counts.refused++;
  if (size < refused) {
    refused = failure === null ? size : 0;
    // Once for all threads: who has to hear of it hears it from the first.
    if (shared!.isFirstToWarn()) {
      emitWarning(failure === null ? describeEnd(size) : `${failure.message}. Buffers come from Node.js`);
    }
  }
  return buffer;
}

function describeEnd(size: number): string {
  const { allocated, capacity } = alloc!;
  const others = 'it and what is as large come from Node.js';
  if (alignUp(allocated, DEFAULT_ALIGN) + size <= capacity) {
    return `${whyRefused(size)} for a Buffer of ${formatBytes(size)}: ${others}`;
  }
  const more = Math.min(Math.max(2 * capacity, 2 * size), MAX_LENGTH);
  const remedy =
    more > capacity ? `. Set OFFHEAP_GLOBAL_SIZE to more, as in OFFHEAP_GLOBAL_SIZE=${sizeText(more)}` : '';
  return (
    `${formatBytes(allocated)} of ${formatBytes(capacity)} are taken, and a Buffer of ${formatBytes(size)} has no room: ` +
    `${others}${remedy}`
  );
}

/**
 * Routes `Buffer.allocUnsafe` and `Buffer.concat` of this thread through a BumpAlloc, and tells workers that are started from now
 * on where it is: one that imports `offheap/global`, or calls this function, uses the same memory. What has no room comes from
 * Node.js, with one warning for the whole process.
 *
 * @param next Whose memory to use. Default: what is installed already; in a worker, what the thread that started it has
 * installed; else a BumpAlloc of the size in `OFFHEAP_GLOBAL_SIZE` (`4g`, `512m`, or bytes), or of 1 GiB. Nothing is reserved
 * before the first Buffer.
 * @throws OffheapError `ERR_OFFHEAP_ADDON` where there is no addon for this platform, `ERR_OFFHEAP_TOO_LARGE` or TypeError
 * `ERR_INVALID_ARG_VALUE` for a size in `OFFHEAP_GLOBAL_SIZE` that cannot be, `ERR_OFFHEAP_HANDLE` in a worker where what was
 * installed is gone. Then nothing has changed.
 */
export function installGlobal(next?: BumpAlloc): void {
  if (next !== undefined && !(next instanceof BumpAlloc)) {
    throw invalidType('alloc', 'an instance of BumpAlloc', next);
  }
  if (alloc !== null && (next === undefined || next === alloc)) {
    refused = Infinity; // the system may have room again
    return;
  }
  const inherited = next === undefined ? inheritedInstallation() : null;
  const chosen =
    next ??
    (inherited === null
      ? BumpAlloc.withSize(sizeFrom('OFFHEAP_GLOBAL_SIZE') || GiB)
      : BumpAlloc.attach(inherited.handle));
  const { handle } = chosen;
  replaceFunctions();
  const parent = inheritedInstallation();
  shared ??= new Shared(parent?.words);
  counting ||= parent?.counting === true;
  alloc = chosen;
  buffers = new ThreadBuffers(chosen);
  refused = Infinity;
  failure = null;
  setEnvironmentData(KEY, { handle, words: shared.words, counting } satisfies Installation);
  if (counting && !process.listeners('exit').includes(atExit)) {
    process.once('exit', atExit);
  }
}

/** Throws where somebody has frozen Buffer, or one of the two; then neither is replaced. */
function replaceFunctions(): void {
  if (concatAllocates()) {
    hooks.allocUnsafe.put(); // and concat follows
    return;
  }
  hooks.concat.put();
  try {
    hooks.allocUnsafe.put();
  } catch (error) {
    hooks.concat.remove();
    throw error;
  }
}

function inheritedInstallation(): Installation | null {
  const data: unknown = isMainThread ? OFF : getEnvironmentData(KEY);
  return typeof data === 'object' ? (data as Installation) : null;
}

/**
 * Installs, unless `OFFHEAP_GLOBAL_SIZE` is 0, or the thread that has started this one has uninstalled: before it started this one,
 * or right after.
 */
export function installWhereWanted(): void {
  if (getEnvironmentData(KEY) === OFF || sizeFrom('OFFHEAP_GLOBAL_SIZE') === 0) {
    return;
  }
  try {
    installGlobal();
  } catch (error) {
    if (!(error instanceof OffheapError) || error.code !== 'ERR_OFFHEAP_HANDLE') {
      throw error;
    }
  }
}

/**
 * Gives this thread Node's own Buffers back, and workers that are started from now on. Buffers that exist stay valid; the memory
 * goes back to the system when no thread uses it any more and the last of them is dropped.
 */
export function uninstall(): void {
  alloc = null;
  buffers = null;
  refused = 0;
  setEnvironmentData(KEY, OFF);
  hooks.allocUnsafe.remove();
  hooks.concat.remove();
}

/** A worker adds to what the main thread then prints. */
function atExit(): void {
  if (alloc !== null) {
    shared!.add(counts);
    if (isMainThread) {
      print(summarize(alloc, shared!.counts));
    }
  }
}

/** At once, since nothing runs any more after an `exit` handler. */
function print(text: string): void {
  try {
    writeSync(STDERR, text);
  } catch {
    // nobody reads it, which is no reason to fail
  }
}
