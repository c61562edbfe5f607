import { writeSync } from 'node:fs';
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

import { BumpAlloc } from '../arena/bump-alloc';
import type { BumpAllocHandle } from '../arena/bump-alloc-handle';
import { invalidType, OffheapError } from '../errors';
import { MAX_LENGTH } from '../memory/region';
import { formatBytes, GiB } from '../sizes';
import { fillWith, lengthOf } from './concat';
import { sizeFrom, sizeText } from './settings';
import { Slab } from './slab';
import { type Counts, Shared, summarize } from './summary';

/** By which workers find what the thread that started them has installed. */
const KEY = 'offheap/global';
/** What they find there after `uninstall`. */
const OFF = 'off';
const STDERR = 2;

interface Installation {
  readonly handle: BumpAllocHandle;
  readonly words: SharedArrayBuffer;
}

/** What was there before us: Node's own, most of the time. */
let node = currentFunctions();

const COUNTS = process.env['OFFHEAP_GLOBAL_STATS'] === '1';
const counts: Counts = { buffers: 0, bytes: 0, refused: 0 };

let alloc: BumpAlloc | null = null;
let slab: Slab | null = null;
let shared: Shared | null = null;
/** Whether our functions are in the place of Node's. */
let hooked = false;
/**
 * Sizes from here on are left to Node. Memory is never freed, so where there was no room once, there will be none again; 0
 * while nothing is installed.
 */
let refused = 0;
/** Why there is no memory at all. */
let failure: Error | null = null;

function currentFunctions(): { allocUnsafe: typeof allocUnsafe; concat: typeof concat } {
  return {
    allocUnsafe: Reflect.get(Buffer, 'allocUnsafe'),
    concat: Reflect.get(Buffer, 'concat'),
  };
}

function replaceBy(functions: typeof node): void {
  Buffer.allocUnsafe = functions.allocUnsafe as typeof Buffer.allocUnsafe;
  Buffer.concat = functions.concat as typeof Buffer.concat;
}

/** @param alignment Node 26 knows one, and serves such Buffers itself. */
function allocUnsafe(size: number, alignment?: number): Buffer {
  if (!Number.isSafeInteger(size) || size <= 0 || alloc === null || alignment !== undefined) {
    return node.allocUnsafe.call(Buffer, size, alignment);
  }
  return (size < refused ? take(size) : null) ?? leaveToNode(size);
}

function concat(list: readonly Uint8Array[], length?: number): Buffer {
  const size = alloc === null ? 0 : lengthOf(list, length);
  return size > 0 ? fillWith(allocUnsafe(size), list) : node.concat.call(Buffer, list, length);
}

function take(size: number): Buffer | null {
  let block: Buffer | null = null;
  try {
    block = slab!.alloc(size);
    failure = null;
  } catch (error) {
    if (!(error instanceof OffheapError)) {
      throw error;
    }
    failure = error; // the system has no addresses, or the runtime refuses its ArrayBuffers
  }
  if (COUNTS && block !== null) {
    counts.buffers++;
    counts.bytes += size;
  }
  return block;
}

function leaveToNode(size: number): Buffer {
  const buffer = node.allocUnsafe.call(Buffer, size); // throws for what nobody has memory for; then there is nothing to say
  counts.refused++;
  if (size < refused) {
    refused = failure === null ? size : 0;
    warn(failure === null ? describeEnd(size) : `${failure.message}. Buffers come from Node.js`);
  }
  return buffer;
}

function describeEnd(size: number): string {
  const { allocated, capacity } = alloc!;
  const more = Math.min(Math.max(2 * capacity, 2 * size), MAX_LENGTH);
  const remedy =
    more > capacity ? `. Set OFFHEAP_GLOBAL_SIZE to more, as in OFFHEAP_GLOBAL_SIZE=${sizeText(more)}` : '';
  return (
    `${formatBytes(allocated)} of ${formatBytes(capacity)} are taken, and a Buffer of ${formatBytes(size)} has no room: it and ` +
    `what is as large come from Node.js${remedy}`
  );
}

/** Once for all threads: who has to hear of it hears it from the first. */
function warn(message: string): void {
  if (!shared!.isFirstToWarn()) {
    return;
  }
  try {
    process.emitWarning(`offheap/global: ${message}`, { type: 'OffheapWarning', code: 'OFFHEAP_GLOBAL' });
  } catch {
    // whoever has replaced that function refuses, which is no reason not to have a Buffer
  }
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
  shared ??= new Shared(inheritedInstallation()?.words);
  // Where somebody has put Node's own back, there is nothing of ours left.
  if (!hooked || Buffer.allocUnsafe === (node.allocUnsafe as unknown)) {
    node = currentFunctions();
    Object.defineProperty(allocUnsafe, 'length', { value: node.allocUnsafe.length });
    replaceBy({ allocUnsafe, concat }); // throws where somebody has frozen Buffer
    hooked = true;
  }
  alloc = chosen;
  slab = new Slab(chosen);
  refused = Infinity;
  failure = null;
  setEnvironmentData(KEY, { handle, words: shared.words } satisfies Installation);
  if (COUNTS && !process.listeners('exit').includes(atExit)) {
    process.on('exit', atExit);
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
  slab = null;
  refused = 0;
  setEnvironmentData(KEY, OFF);
  // Where somebody has put a function of his own before ours, ours stays and hands on.
  if (hooked && Buffer.allocUnsafe === (allocUnsafe as unknown) && Buffer.concat === (concat as unknown)) {
    hooked = false;
    replaceBy(node);
  }
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
