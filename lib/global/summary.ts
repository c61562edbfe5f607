import type { BumpAlloc } from '../arena/bump-alloc';
import { formatBytes } from '../sizes';

/** What all threads share, of one installation, beside the memory. */
export class Shared {
  readonly words: SharedArrayBuffer;
  readonly #counts: BigUint64Array;

  constructor(words = new SharedArrayBuffer(4 * 8)) {
    this.words = words;
    this.#counts = new BigUint64Array(words);
  }

  /** True for the first who asks, in whichever thread. */
  isFirstToWarn(): boolean {
    return Atomics.exchange(this.#counts, 0, 1n) === 0n;
  }

  /** Adds what one thread has counted. */
  add({ buffers, bytes, refused }: Counts): void {
    [buffers, bytes, refused].forEach((count, i) => Atomics.add(this.#counts, i + 1, BigInt(count)));
  }

  get counts(): Counts {
    const [buffers, bytes, refused] = [1, 2, 3].map((i) => Number(Atomics.load(this.#counts, i)));
    return { buffers: buffers!, bytes: bytes!, refused: refused! };
  }
}

export interface Counts {
  /** Buffers that came from here. */
  buffers: number;
  /** Their bytes. */
  bytes: number;
  /** Buffers that came from Node.js, for want of room. */
  refused: number;
}

/** What `OFFHEAP_GLOBAL_STATS=1` prints at the end. */
export function summarize(alloc: BumpAlloc, { buffers, bytes, refused }: Counts): string {
  const { allocated, capacity, resident } = alloc;
  const number = new Intl.NumberFormat('en-US');
  const share = capacity === 0 ? 0 : Math.round((100 * allocated) / capacity);
  return [
    'offheap/global:',
    `  Buffers from offheap  ${number.format(buffers)} (${formatBytes(bytes)})`,
    `  Buffers refused       ${number.format(refused)}${refused > 0 ? ': set OFFHEAP_GLOBAL_SIZE to more' : ''}`,
    `  memory taken          ${formatBytes(allocated)} of ${formatBytes(capacity)} (${share} %)`,
    `  resident              ${formatBytes(resident)}`,
    '',
  ].join('\n');
}
