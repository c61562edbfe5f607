// What do ten million live records cost the garbage collector, and the machine?
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { gc } from './support/prepare.mjs';

import { MiB, TypedArenaLazy } from '../dist/index.mjs';
import { Body, BodyObject } from './support/bodies.mjs';
import { repeat, summarize } from './support/measure.mjs';
import { atMost, atMostTimes, report, row } from './support/report.mjs';

const COUNT = 1e7;
const fullCollection = () =>
  repeat(() => {
    const start = performance.now();
    gc();
    return (performance.now() - start) * 1e6;
  }, 7);
const once = (value) => summarize([value]);
const resident = () => process.memoryUsage.rss() / MiB;

/** What is kept, and what it has cost. */
function fill(make) {
  gc();
  const before = { resident: resident(), heap: process.memoryUsage().heapUsed };
  const kept = make();
  gc();
  const after = { resident: resident(), heap: process.memoryUsage().heapUsed };
  return {
    kept,
    resident: once(after.resident - before.resident),
    heap: once(Math.max(0, (after.heap - before.heap) / MiB)),
  };
}

if (process.argv[2] === 'objects') {
  const {
    kept,
    resident: bytes,
    heap,
  } = fill(() => Array.from({ length: COUNT }, (_, i) => new BodyObject(i, i * 0.5, 1.5, i * 0.25, i * 1.5)));
  process.send({ collection: fullCollection(), resident: bytes, heap, count: kept.length });
  process.disconnect();
} else {
  const objects = await asObjects();
  const empty = fullCollection();
  const records = fill(() => {
    const arena = new TypedArenaLazy(Body, COUNT);
    for (let i = 0; i < COUNT; i++) {
      arena.pushValues(i, i * 0.5, 1.5, i * 0.25, i * 1.5);
    }
    return arena;
  });
  const collection = fullCollection();
  const beyond = (one, other) => Math.max(0, one - other);
  const more = { median: beyond(collection.median, empty.median), best: beyond(collection.best, empty.best) };
  const size = once(records.kept.used / MiB);
  report({
    question: 'Ten million live records of five fields',
    rows: [
      row(
        'full collection, beyond that of an empty heap',
        more,
        { 'as objects': objects.collection, 'empty heap': empty },
        {
          budgets: [atMost(5e6)],
        },
      ),
      row(
        'resident',
        records.resident,
        { "the records' size": size, 'as objects': objects.resident },
        {
          unit: 'MiB',
          budgets: [atMostTimes(1.05, "the records' size")],
        },
      ),
      row('JavaScript heap', records.heap, { 'as objects': objects.heap }, { unit: 'MiB', budgets: [atMost(1)] }),
    ],
  });
}

/** In a process of its own, with a heap that they fit into. */
function asObjects() {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['objects'], { execArgv: ['--max-old-space-size=4096'] });
    child.on('message', resolve);
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code !== 0) {
        reject(new Error(`The process with ten million objects ended with exit code ${code}`));
      }
    });
  });
}
