import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { type BumpAlloc, memoryUsage } from '../../lib';
import { collectGarbage } from '../support';

/** What worker.cjs shares with the tests. */
export const common = createRequire(__filename)('./common.cjs') as {
  patternOf(thread: number, index: number): Buffer;
  random(seed: number): (limit: number) => number;
  spin(gate: SharedArrayBuffer): void;
};

/** Of every run another one, which a failing test says. */
export const SEED = Number(process.env['OFFHEAP_SEED'] ?? Date.now() % 1_000_000);

/** A worker that does what worker.cjs knows, one thing after another. */
export class Thread {
  readonly #worker: Worker;
  #last: Promise<unknown> = Promise.resolve();

  constructor(workerData?: unknown) {
    this.#worker = new Worker(join(__dirname, 'worker.cjs'), { workerData });
  }

  ask<T = unknown>(command: string, args: unknown = {}): Promise<T> {
    const answer = this.#last.then(() => this.#ask<T>(command, args));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #ask<T>(command: string, args: unknown): Promise<T> {
    this.#worker.postMessage({ command, args });
    const [{ value, error }] = (await once(this.#worker, 'message')) as [
      { value: T; error?: { code?: string; message: string } },
    ];
    if (error !== undefined) {
      throw Object.assign(new Error(error.message), { code: error.code });
    }
    return value;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}

/** Runs a test with so many threads, and ends them. */
export async function withThreads(count: number, use: (...threads: Thread[]) => Promise<void>): Promise<void> {
  const threads = Array.from({ length: count }, () => new Thread());
  try {
    await use(...threads);
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

/** Where so many threads wait for each other. */
export function gateFor(count: number): SharedArrayBuffer {
  const gate = new SharedArrayBuffer(4);
  new Int32Array(gate)[0] = count;
  return gate;
}

export interface Found {
  offset: number;
  size: number;
  align: number;
  thread: number;
  index: number;
}

/** The blocks that threads have answered, as `[offset, size, align, ...]`, in the order in which they lie. */
export function blocksOf(answers: readonly Float64Array[]): Found[] {
  const blocks = answers.flatMap((numbers, thread) =>
    Array.from({ length: numbers.length / 3 }, (_, index) => {
      const [offset, size, align] = numbers.subarray(3 * index) as unknown as [number, number, number];
      return { offset, size, align, thread, index };
    }),
  );
  return blocks.sort((a, b) => a.offset - b.offset);
}

export function sumOf(blocks: readonly Found[]): number {
  return blocks.reduce((sum, { size }) => sum + size, 0);
}

/** What is wrong with blocks, by every byte of them, as the main thread sees it; nothing, if all is well. */
export function faultsOf(alloc: BumpAlloc, blocks: readonly Found[]): string[] {
  const faults: string[] = [];
  let last = 0;
  for (const { offset, size, align, thread, index } of blocks) {
    const name = `block ${index} of thread ${thread}, ${size} bytes at ${offset},`;
    if (offset < last) {
      faults.push(`${name} begins before ${last}, where the one before it ends`);
    }
    if (offset % align !== 0) {
      faults.push(`${name} is not aligned to ${align}`);
    }
    if (!alloc.bytesAt(offset, size).equals(Buffer.alloc(size, common.patternOf(thread, index)))) {
      faults.push(`${name} has other contents`);
    }
    last = Math.max(last, offset + size);
  }
  if (sumOf(blocks) > alloc.allocated || last > alloc.capacity) {
    faults.push(`allocated is ${alloc.allocated}, and blocks of ${sumOf(blocks)} bytes end at ${last}`);
  }
  return faults.slice(0, 5);
}

export function reserved(): number {
  return memoryUsage().kinds.bumpAlloc.reserved;
}

/** Collects garbage until `condition` holds, or for as long as a test may take; answers whether it does. */
export async function comesTrue(condition: () => boolean, ms = 15_000): Promise<boolean> {
  const deadline = Date.now() + ms;
  while (!condition() && Date.now() < deadline) {
    // What a WeakRef has just answered cannot be collected before the next turn.
    await new Promise((resolve) => setTimeout(resolve, 5));
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return condition();
}
