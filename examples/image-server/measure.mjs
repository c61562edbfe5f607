// One size after the other: what is measured of each variant.
import { setTimeout as sleep } from 'node:timers/promises';

import { median } from '../support/figures.mjs';
import { ownTime, watchOthers } from '../support/others.mjs';
import { Child } from '../support/process.mjs';

const SERVER = new URL('server.mjs', import.meta.url);
export const LOAD = new URL('load.mjs', import.meta.url);
const WARM_UP = 1; // seconds
/** Milliseconds until idle memory of a pool goes back: its default, or less where the wait is too short to see it. */
const IDLE = 10_000;

/**
 * Variables for glibc's malloc. How soon it returns freed memory moves throughput by a tenth, one way or the other, for
 * reasons that have nothing to do with what is compared: so it is the same for all. What it never returns and never maps
 * by itself is warm the next time, which is the best it can do for Buffers. (Setting one of the two turns off the rule by
 * which it raises the other as it goes.)
 */
export const MALLOC = {
  tuned: { MALLOC_TRIM_THRESHOLD_: String(2 ** 30), MALLOC_MMAP_THRESHOLD_: String(2 ** 25) },
  system: {},
};

/** Starts a server whose memory comes from one of the variants. Answers its process, its port, and where one can watch it. */
export async function startServer(variant, { settle, malloc }) {
  const idleMs = Math.min(IDLE, Math.round((settle * 1000) / 3));
  const server = new Child(SERVER, [variant, String(idleMs)], { env: MALLOC[malloc] });
  return { variant, server, ...(await server.ask('listen')) };
}

/**
 * Measures all variants under the load of one size: a server for each, and rounds in which they take turns, so that what
 * the machine does meanwhile meets all of them.
 *
 * @param {(step: string) => void} onStep
 * @param {(servers: { variant: string, dashboard: string }[]) => void} onReady
 * @returns For each variant the median of all rounds.
 */
export async function measureSize(size, variants, options, onStep, onReady) {
  const { seconds, rounds, connections, settle, gzip } = options;
  const servers = [];
  const load = new Child(LOAD);
  try {
    for (const variant of variants) {
      onStep(`starting ${variant}`);
      const started = { ...(await startServer(variant, options)), runs: [] };
      servers.push(started);
      const { port } = started;
      started.digest = await load.ask('sample', { port, sizes: [size], gzip });
      await load.ask('run', { port, sizes: [size], seconds: WARM_UP, connections, gzip });
    }
    onReady(servers);
    const timeOfOurs = async () => {
      const times = await Promise.all([load, ...servers.map(({ server }) => server)].map((child) => child.ask('cpu')));
      return times.reduce((sum, time) => sum + time, ownTime());
    };
    const useOfOthers = await watchOthers(timeOfOurs);
    for (let round = 0; round < rounds; round++) {
      // Nobody is always the first.
      for (const { variant, server, port, runs } of rotate(servers, round)) {
        onStep(`round ${round + 1} of ${rounds}, ${variant}`);
        await server.ask('start');
        const run = await load.ask('run', { port, sizes: [size], seconds, connections, gzip });
        runs.push({ ...run, ...(await server.ask('stop')) });
      }
    }
    const others = await useOfOthers();
    onStep(`waiting for ${settle} s`);
    await sleep(settle * 1000);
    const results = servers.map(async ({ variant, server, digest, runs }) => ({
      variant,
      digest,
      others,
      ...summarize(runs),
      after: await server.ask('memory'),
    }));
    return await Promise.all(results);
  } finally {
    await Promise.all([load, ...servers.map(({ server }) => server)].map((child) => child.end()));
  }
}

function rotate(list, by) {
  return list.map((_, i) => list[(i + by) % list.length]);
}

/** Medians of all rounds; of pauses, the longest there was; of memory, the most. */
function summarize(runs) {
  const of = (read) => median(runs.map(read));
  const failed = runs.reduce((sum, run) => sum + run.failed + run.refused, 0);
  if (failed > 0) {
    throw new Error(`${failed} requests were refused or failed`);
  }
  return {
    count: runs.reduce((sum, run) => sum + run.count, 0),
    perSecond: of((run) => run.perSecond),
    latencies: Object.fromEntries(
      Object.keys(runs[0].latencies).map((name) => [name, of((run) => run.latencies[name])]),
    ),
    cpu: of((run) => run.cpu),
    delay: of((run) => run.delay),
    gc: {
      count: of((run) => run.gc.count),
      total: of((run) => run.gc.total),
      perRequest: of((run) => run.gc.total / run.answered),
      longest: Math.max(...runs.map((run) => run.gc.longest)),
    },
    peak: Math.max(...runs.map((run) => run.peak)),
  };
}
