import { cpus } from 'node:os';

/** Milliseconds of CPU time that the whole machine has spent. */
function busy() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Milliseconds of CPU time that this process has spent, those of its garbage collector's threads included. */
export function ownTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Says how busy other programs keep the machine while something is measured, since that shows in the latencies.
 *
 * @param {() => Promise<number>} timeOfOurs The CPU time of all processes that take part.
 * @returns {Promise<() => Promise<number>>} A function that answers how many CPUs others have used since.
 */
export async function watchOthers(timeOfOurs) {
  const start = performance.now();
  const before = busy() - (await timeOfOurs());
  return async () => Math.max(0, (busy() - (await timeOfOurs()) - before) / (performance.now() - start));
}
