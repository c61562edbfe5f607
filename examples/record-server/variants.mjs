// One server after the other: what is measured of each.
import { rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';

import { ownTime, watchOthers } from '../support/others.mjs';
import { Child } from '../support/process.mjs';
import { WINDOW } from './reading.mjs';

export const VARIANTS = {
  offheap: { title: 'offheap', saves: true },
  objects: { title: 'objects' },
  reused: { title: 'objects, reused' },
};

const SERVER = new URL('server.mjs', import.meta.url);
const LOAD = new URL('load.mjs', import.meta.url);
const SAMPLE = 200; // vehicles whose answers are compared
const PROBES = 300; // requests of each kind
const WARM_UP = 1; // seconds
/** Of what the first server can do at most. So there is time to spare, as there is in servers that are well. */
const SHARE = 0.25;
/** What a reading takes as objects, with those that wait to be collected; measured, and rounded up. */
const HEAP_PER_READING = 400;
const HEAP_BESIDES = 256 * 1024 * 1024;

/** Options for node where its usual heap would be too small for so many objects. */
export function heapOptions(name, records) {
  const needed = records * HEAP_PER_READING + HEAP_BESIDES;
  if (name === 'offheap' || needed <= getHeapStatistics().heap_size_limit) {
    return [];
  }
  if (needed > 0.8 * totalmem()) {
    throw new Error(`This machine has too little memory for ${records} readings as objects. Pass a lower --records`);
  }
  return [`--max-old-space-size=${Math.ceil(needed / 1024 / 1024)}`];
}

/**
 * Starts a server and a load generator and measures both.
 *
 * @param {string} name One of `VARIANTS`.
 * @param {{ path: string, records: number, seconds: number, connections: number, rate: number | undefined }} options
 * Without a rate, it is found by how many requests the server can answer.
 * @param {(step: string) => void} onStep
 */
export async function measure(name, { path, records, seconds, connections, rate }, onStep) {
  const { title, saves = false } = VARIANTS[name];
  const heap = heapOptions(name, records);
  onStep(['loading the file', ...heap].join(', '));
  const server = new Child(SERVER, [name], { execArgv: heap });
  let load;
  try {
    const loading = await server.ask('load', { path });
    const loaded = await server.ask('resident');
    const fleet = await server.ask('fleet');
    const port = await server.ask('listen');
    load = new Child(LOAD, [port, records / WINDOW, connections].map(String));
    const digest = await load.ask('sample', { count: SAMPLE });

    onStep('as many requests as it can answer');
    await load.ask('flood', { seconds: WARM_UP });
    const { perSecond } = await load.ask('flood', { seconds: Math.max(1, seconds / 4) });
    const alone = await load.ask('probe', { count: PROBES });
    const paced = rate ?? Number((perSecond * SHARE).toPrecision(2));
    onStep(`${paced} requests per second for ${seconds} s`);
    await server.ask('resetPauses');
    const timeOfOurs = async () => (await server.ask('cpu')) + (await load.ask('cpu')) + ownTime();
    const useOfOthers = await watchOthers(timeOfOurs);
    const { count, latencies } = await load.ask('pace', { seconds, rate: paced });
    const others = await useOfOthers();
    const pauses = await server.ask('pauses');
    const end = await server.ask('resident');
    await load.end();

    const restart = saves ? await measureRestart(name, server, `${path}.${process.pid}.saved`, onStep) : null;
    const times = { load: loading.time, fleet: fleet.time, restart };
    const found = JSON.stringify({ fleet: fleet.result, digest });
    return {
      name,
      title,
      heap,
      times,
      resident: { loaded, end },
      perSecond,
      alone,
      rate: paced,
      count,
      latencies,
      ...pauses,
      others,
      found,
    };
  } finally {
    await Promise.all([server.end(), load?.end()]);
  }
}

/** Milliseconds in which another process has the records that a server has saved. */
async function measureRestart(name, server, path, onStep) {
  onStep('saving, and loading that in another process');
  const other = new Child(SERVER, [name]);
  try {
    await server.ask('save', { path });
    const { result: before } = await server.ask('fleet');
    await server.end(); // so that both are not in memory at once
    const { time } = await other.ask('restore', { path });
    const { result: after } = await other.ask('fleet');
    if (JSON.stringify(after) !== JSON.stringify(before)) {
      throw new Error('What was loaded is not what was saved');
    }
    return time;
  } finally {
    await Promise.all([other.end(), rm(path, { force: true })]);
  }
}
