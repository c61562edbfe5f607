// One picture, by workers that share it.
import { once } from 'node:events';
import { clearInterval, setInterval } from 'node:timers';
import { Worker } from 'node:worker_threads';

import { ownTime, watchOthers } from '../support/others.mjs';

const INTERVAL = 100; // milliseconds from one report of progress to the next

/**
 * Renders the scene in one of the variants.
 *
 * @param {{ width: number, height: number, samples: number }} size
 * @param {(done: number) => void} onProgress Given which share of the lines has been taken, from 0 to 1.
 * @returns The image, three numbers for each pixel, and what all workers together have counted.
 */
export async function render(variant, size, workers, onProgress) {
  const { width, height } = size;
  const image = shared(Float64Array, width * height * 3);
  const lines = shared(Int32Array, 1); // how many have been taken
  const useOfOthers = await watchOthers(async () => ownTime());
  const timer = setInterval(() => onProgress(Math.min(1, lines[0] / height)), INTERVAL);
  const before = ownTime();
  const start = performance.now();
  const team = Array.from(
    { length: Math.min(workers, height) },
    () => new Worker(new URL('worker.mjs', import.meta.url), { workerData: { variant, size, image, lines } }),
  );
  try {
    const counts = await Promise.all(team.map(resultOf));
    const seconds = (performance.now() - start) / 1000;
    const cpu = (ownTime() - before) / 1000;
    return { variant, image, seconds, cpu, ...together(counts), others: await useOfOthers() };
  } finally {
    clearInterval(timer);
    await Promise.all(team.map((worker) => worker.terminate()));
  }
}

function shared(Type, length) {
  return new Type(new SharedArrayBuffer(length * Type.BYTES_PER_ELEMENT));
}

async function resultOf(worker) {
  const ended = once(worker, 'exit').then(([code]) => {
    throw new Error(`A worker has ended with code ${code}`);
  });
  const [result] = await Promise.race([once(worker, 'message'), ended]);
  return result;
}

function together(counts) {
  const sum = (read) => counts.reduce((all, each) => all + read(each), 0);
  return {
    rays: sum(({ rays }) => rays),
    allocations: sum(({ allocations }) => allocations),
    resets: sum(({ resets }) => resets),
    gc: {
      count: sum(({ gc }) => gc.count),
      total: sum(({ gc }) => gc.total),
      longest: Math.max(...counts.map(({ gc }) => gc.longest)),
    },
  };
}
