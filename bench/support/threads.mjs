import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Runs the same module in several workers, which begin their work at the same moment: each calls `start` first.
 *
 * @param {number} count
 * @param {URL} module
 * @param {object} data For `workerData`.
 * @returns {Promise<unknown[]>} What each of them has posted.
 */
export async function inThreads(count, module, data) {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const workers = Array.from({ length: count }, () => new Worker(module, { workerData: { ...data, gate, count } }));
  return Promise.all(
    workers.map(async (worker) => {
      const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
      return message;
    }),
  );
}

/** Waits until all of them are here. */
export function start({ gate, count }) {
  Atomics.add(gate, 0, 1);
  while (Atomics.load(gate, 0) < count) {
    // a wait would make one of them late
  }
}
