// A server among clients of all kinds.
import { setTimeout as sleep } from 'node:timers/promises';

import { Child } from '../support/process.mjs';
import { LOAD, startServer } from './measure.mjs';

const CROWD = new URL('crowd.mjs', import.meta.url);
const LOOKS = 6; // at memory, while the load lasts
const PATIENCE = 5_000; // milliseconds until the last request is over

/**
 * Lets autocannon send pictures of all sizes while clients break off, dawdle and lie.
 *
 * @returns What the server and its clients have counted, and memory in bytes as time went by.
 * @throws Error where a client that behaves has not had its answer, or one that does not has had another answer than it
 * deserves.
 */
export async function endure(variant, options, onStep, onReady) {
  const { sizes, seconds, connections, settle, gzip } = options;
  onStep('starting');
  const started = await startServer(variant, options);
  const { server, port } = started;
  onReady([started]);
  const load = new Child(LOAD);
  const crowd = new Child(CROWD);
  try {
    await server.ask('start');
    onStep(`${seconds} s of load`);
    const work = Promise.all([
      load.ask('run', { port, sizes, seconds, connections, gzip }),
      crowd.ask('visit', { port, sizes, seconds }),
      watch(server, seconds),
    ]);
    const [run, visits, resident] = await work;
    const live = await waitForRest(server);
    const counted = await server.ask('stop');
    onStep(`waiting for ${settle} s`);
    await sleep(settle * 1000);
    return { ...run, ...counted, variant, visits, resident, live, after: await server.ask('memory') };
  } finally {
    await Promise.all([server, load, crowd].map((child) => child.end()));
  }
}

/** Resident memory, at equal intervals. */
async function watch(server, seconds) {
  const looks = [];
  while (looks.length < LOOKS) {
    await sleep((seconds * 1000) / LOOKS);
    looks.push((await server.ask('memory')).resident);
  }
  return looks;
}

/** Bytes that are with requests when the last client is gone: 0, unless something was forgotten. */
async function waitForRest(server) {
  for (let waited = 0; ; waited += 50) {
    const { live } = await server.ask('memory');
    if (live === null || live === 0 || waited >= PATIENCE) {
      return live;
    }
    await sleep(50);
  }
}
