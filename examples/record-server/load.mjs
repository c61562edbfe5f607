// The load generator, in a process of its own. Usage: node load.mjs <port> <vehicles> <connections>, started by run.mjs.
import { createHash } from 'node:crypto';
import { Agent, request } from 'node:http';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { ownTime } from '../support/others.mjs';
import { answer } from '../support/process.mjs';
import { seeded } from '../support/random.mjs';
import { vehicleNumber } from './reading.mjs';
import { KINDS, requestMaker } from './requests.mjs';

const PATIENCE = 60_000; // milliseconds for the last answers

const [port, vehicles, connections] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const random = seeded(2);
const makeRequest = requestMaker(random, vehicles);

answer({ sample, flood, probe, pace, cpu: ownTime });

/** A digest of what the server answers about some vehicles. It is the same for all stores that hold the same. */
async function sample({ count }) {
  const hash = createHash('sha256');
  for (let i = 0; i < count; i++) {
    const vehicle = vehicleNumber(Math.floor((i / count) * vehicles));
    for (const path of [`/vehicles/${vehicle}/summary`, `/vehicles/${vehicle}/log`]) {
      const response = await globalThis.fetch(`http://127.0.0.1:${port}${path}`);
      hash.update(await response.text());
    }
  }
  return hash.digest('hex');
}

/** As many requests as the server can answer: on each connection the next one when the last one was answered. */
async function flood({ seconds }) {
  const start = performance.now();
  let count = 0;
  const client = async () => {
    while (performance.now() < start + seconds * 1000) {
      await send(makeRequest());
      count++;
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return { perSecond: (count / (performance.now() - start)) * 1000 };
}

/** What a request of each kind takes while nobody else asks: the median, in nanoseconds. */
async function probe({ count }) {
  const medians = {};
  for (const kind of KINDS) {
    const histogram = createHistogram();
    for (let i = 0; i < count; i++) {
      histogram.record(await timeOf(makeRequest(kind)));
    }
    medians[kind] = histogram.percentile(50);
  }
  return medians;
}

/**
 * Requests that come when they come, `rate` a second, at random as from clients that know nothing of each other. They do
 * not wait for a server that pauses, and the time that they spend waiting for a connection counts. Clients that ask only
 * after the last answer would hide pauses: each would meet one of them with one request.
 */
async function pace({ seconds, rate }) {
  const histogram = createHistogram();
  const start = performance.now();
  let [count, running, failure] = [0, 0, null];
  for (let due = start; due < start + seconds * 1000; due += (-Math.log(1 - random()) * 1000) / rate) {
    const early = due - performance.now();
    if (early > 0) {
      await sleep(early);
    }
    if (failure !== null || running > rate * 10) {
      throw failure ?? new Error(`The server does not keep up with ${rate} requests per second`);
    }
    measure(makeRequest()).catch((error) => (failure = error));
  }
  for (let waited = 0; running > 0; waited++) {
    if (waited > PATIENCE) {
      throw new Error(`${running} requests have not been answered`);
    }
    await sleep(1);
  }
  if (failure !== null) {
    throw failure;
  }
  const at = (percent) => histogram.percentile(percent);
  return { count, latencies: { p50: at(50), p90: at(90), p99: at(99), 'p99.9': at(99.9), max: histogram.max } };

  async function measure(what) {
    running++;
    count++;
    try {
      histogram.record(await timeOf(what));
    } finally {
      running--;
    }
  }
}

/** Nanoseconds. */
async function timeOf(what) {
  const sent = performance.now();
  await send(what);
  return Math.max(1, Math.round((performance.now() - sent) * 1e6));
}

/** Sends one request and waits for the end of its answer. */
function send({ path, body }) {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const headers = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sending = request({ host: '127.0.0.1', port, agent, path, method, headers }, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () =>
        response.statusCode === 200 ? resolve() : reject(new Error(`${method} ${path}: ${response.statusCode}`)),
      );
    });
    sending.once('error', reject);
    sending.end(body);
  });
}
