import { measure } from 'mitata';

import { gc } from './prepare.mjs';

/**
 * Figures are nanoseconds per operation: `median` and `best` of many samples.
 *
 * @typedef {{ median: number, best: number }} Figure
 */

const PASSES = 3;

/**
 * Measures contenders for the same work, in turns, so that what else the machine does hits all of them.
 *
 * @param {Record<string, { run: () => unknown, operations: number }>} contenders What to measure by name: `run` does
 * `operations` of them. A sample is one run, which should take between 20 µs and 20 ms.
 * @param {{ milliseconds?: number }} [options] For how long to measure each of them, in each of three passes.
 * @returns {Promise<Record<string, Figure>>}
 */
export async function compare(contenders, { milliseconds = 150 } = {}) {
  const samples = new Map();
  for (const [name, { run }] of Object.entries(contenders)) {
    samples.set(name, []);
    for (let i = 0; i < 5; i++) {
      run();
    }
  }
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [name, { run, operations }] of Object.entries(contenders)) {
      // Runs are long enough to be a sample each, without mitata's batches.
      const stats = await measure(run, { gc, min_cpu_time: milliseconds * 1e6, min_samples: 8, warmup_threshold: 0 });
      samples.get(name).push(...stats.samples.map((ns) => ns / operations));
    }
  }
  return Object.fromEntries([...samples].map(([name, values]) => [name, summarize(values)]));
}

/**
 * A function of its own for a loop body: called twice with the same body it answers two functions that V8 compiles
 * apart, so that no contender suffers from what another one taught the compiler.
 *
 * @param {Record<string, unknown>} names What the body refers to.
 * @param {string} body Statements.
 */
export function ownLoop(names, body) {
  loops++;
  return new Function(...Object.keys(names), `return () => { /* ${loops} */ ${body} }`)(...Object.values(names));
}

let loops = 0;

/**
 * Measures work that is spread over turns of the event loop, and subtracts what the same turns cost without it.
 * Everything that the work causes counts, collecting its garbage included.
 *
 * @param {object} work
 * @param {() => void} work.round
 * @param {() => void} work.control The same without what is to be measured.
 * @param {number} work.rounds Enough in a sample to cause several garbage collections.
 * @param {number} [work.perTurn] How many rounds share a turn of the event loop.
 * @param {number} [work.samples]
 * @returns {Promise<Figure>}
 */
export async function acrossTurns({ round, control, rounds, perTurn = 1, samples = 7 }) {
  const collect = async (work, count) => {
    await turns(work, rounds, perTurn); // warm-up, and up to the pace at which garbage is collected
    const values = [];
    for (let i = 0; i < count; i++) {
      values.push(await turns(work, rounds, perTurn));
    }
    gc();
    return values;
  };
  const before = await collect(control, 3);
  const values = await collect(round, samples);
  const after = await collect(control, 3);
  const { median } = summarize([...before, ...after]);
  return summarize(values.map((value) => Math.max(0, value - median)));
}

function turns(work, rounds, perTurn) {
  return new Promise((resolve) => {
    let left = rounds;
    const start = performance.now();
    const turn = () => {
      if (left <= 0) {
        resolve(((performance.now() - start) * 1e6) / rounds);
        return;
      }
      for (let i = 0; i < perTurn; i++) {
        work();
      }
      left -= perTurn;
      setImmediate(turn);
    };
    setImmediate(turn);
  });
}

/**
 * @param {() => number} sample Answers nanoseconds per operation.
 * @returns {Figure}
 */
export function repeat(sample, samples) {
  sample();
  return summarize(Array.from({ length: samples }, sample));
}

/** @returns {Figure} */
export function summarize(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)], best: sorted[0] };
}

/** A heap that is work to collect. Keep the answer alive. */
export function aMillionObjects() {
  return Array.from({ length: 1e6 }, (_, id) => ({ id, name: `object ${id}`, next: null }));
}
