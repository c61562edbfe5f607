// The load generator, in a process of its own, started by run.mjs: autocannon.
import { createHash } from 'node:crypto';
import { createHistogram } from 'node:perf_hooks';

import autocannon from 'autocannon';

import { ownTime } from '../support/others.mjs';
import { answer } from '../support/process.mjs';
import { makePicture } from './picture.mjs';

const TICK = 100; // milliseconds between two looks at whether it is time to stop
const GZIP = { 'accept-encoding': 'gzip' };

answer({ run, sample, cpu: ownTime });

/**
 * Each connection sends a picture as soon as it has the answer to the last one.
 *
 * @returns Latencies in nanoseconds, and how many answers came each second.
 * @throws Error where any of the answers is not a picture, or does not come.
 */
async function run({ port, sizes, seconds, connections, gzip }) {
  const histogram = createHistogram();
  const options = {
    url: `http://127.0.0.1:${port}/`,
    connections,
    duration: seconds,
    sampleInt: TICK,
    method: 'POST',
    headers: gzip ? GZIP : {},
    requests: sizes.map((size, seed) => ({ body: makePicture(size, seed) })),
    setupClient,
  };
  const result = await new Promise((resolve, reject) => {
    const instance = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)));
    instance.on('response', (client, status, bytes, time) => histogram.record(Math.max(1, Math.round(time * 1e6))));
  });
  const { errors, timeouts, non2xx, duration } = result;
  if (errors + timeouts + non2xx > 0) {
    throw new Error(`${errors} errors, ${timeouts} of them timeouts, and ${non2xx} answers that are no picture`);
  }
  const at = (percent) => histogram.percentile(percent);
  return {
    count: result['2xx'],
    perSecond: result['2xx'] / duration,
    latencies: { p50: at(50), p99: at(99), 'p99.9': at(99.9) },
  };
}

/** It would read each answer as text, which takes longer than it takes the server to make it. */
function setupClient({ pipelinedRequests }) {
  pipelinedRequests.addBody = () => {};
}

/** A digest of what the server answers. It is the same whatever the memory is. */
async function sample({ port, sizes, gzip }) {
  const hash = createHash('sha256');
  for (const [seed, size] of sizes.entries()) {
    const response = await globalThis.fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: gzip ? GZIP : {},
      body: makePicture(size, seed),
    });
    hash.update(Buffer.from(await response.arrayBuffer()));
  }
  return hash.digest('hex');
}
