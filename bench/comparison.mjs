// What would one use instead, and what does that cost? docs/comparison.md has the answers.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { gc } from './support/prepare.mjs';

import { BufferPool, BumpArenaLazy, FreeList, GiB, heap, KiB, MiB } from '../dist/index.mjs';
import { fromArena, fromArrayOfBuffers, fromFreeList, fromMemPool, fromPool, keep, KEPT } from './support/blocks.mjs';
import { compare, ownLoop, repeat, summarize } from './support/measure.mjs';
import { STORES } from './support/records.mjs';
import { report, row } from './support/report.mjs';

const COUNT = 1e6;
const FEW = 1e5;

if (process.argv[2] === 'kept') {
  process.send(whenKept(STORES[process.argv[3]]));
  process.disconnect();
} else {
  const blocks = [
    await askBlocks('64 B', 64),
    await askBlocks('4 KiB', 4 * KiB),
    await askBlocks('64 KiB', 64 * KiB),
    await askBlocks('64 KiB, written to', 64 * KiB, 'block.fill(1);'),
  ];
  const records = [...(await askRecords()), ...(await askKept())];
  report(
    { question: 'A block, the last 1,024 kept', rows: blocks },
    { question: 'A record of five fields, a million kept', rows: records },
  );
}

async function askBlocks(name, size, use) {
  const few = size <= KiB ? 50_000 : size <= 16 * KiB ? 10_000 : 2_000;
  const many = use === undefined ? 50_000 : few;
  const capacity = Math.max(MiB, (KEPT + 1) * size);
  const arena = new BumpArenaLazy(capacity);
  const pool = new BufferPool({ leakDetection: 'off', maxBytes: 2 * GiB, idleMs: Infinity });
  const list = new FreeList(heap, { blockSize: size, count: KEPT });
  const { offheap, ...others } = await compare({
    offheap: keep(many, fromArena(arena, size), use),
    BufferPool: keep(many, fromPool(pool, size), use),
    FreeList: keep(many, fromFreeList(list, size), use),
    'Buffer.allocUnsafe': keep(few, () => Buffer.allocUnsafe(size), use),
    'Buffer.allocUnsafeSlow': keep(few, () => Buffer.allocUnsafeSlow(size), use),
    'Buffer.alloc': keep(few, () => Buffer.alloc(size), use),
    'array of Buffers by hand': keep(many, fromArrayOfBuffers(size), use),
    '@thi.ng/malloc': keep(2_000, fromMemPool(capacity + 2 * KEPT * 16, size), use),
  });
  pool.dispose();
  arena.dispose();
  return row(name, offheap, others);
}

/** All in one process, on stores that are full. */
async function askRecords() {
  const stores = Object.entries(STORES).map(([name, store]) => ({ name, ...store, kept: store.make(COUNT) }));
  const each = async (work) => {
    const { offheap, ...others } = await compare(Object.fromEntries(stores.map((store) => [store.name, work(store)])));
    return [offheap, others];
  };
  const loop = ({ kept, names, many }, { before = '', body, after = '' }) => {
    const operations = many ? COUNT : FEW;
    const text = `${before} for (let i = 0; i < ${operations}; i++) { ${body} } ${after}`;
    return { run: ownLoop({ store: kept, ...names }, text), operations };
  };
  return [
    row('adding it', ...(await each((store) => loop(store, { before: store.start, body: store.add })))),
    // A sum that is a double from the start, as sums of such fields are.
    row(
      'reading a field',
      ...(await each((store) =>
        loop(store, { before: 'let sum = 0.5;', body: `sum += ${store.read};`, after: 'return sum;' }),
      )),
    ),
    row('writing a field', ...(await each((store) => loop(store, { body: store.write })))),
  ];
}

/** Each in a process of its own, with a heap that they fit into. */
async function askKept() {
  const found = {};
  for (const name of Object.keys(STORES)) {
    found[name] = await kept(name);
  }
  const { offheap, ...others } = found;
  const of = (key) => Object.fromEntries(Object.entries(others).map(([name, figures]) => [name, figures[key]]));
  return [
    row('resident, each', offheap.resident, of('resident'), { unit: 'B' }),
    row('full collection', offheap.collection, { ...of('collection'), 'nothing kept': offheap.empty }),
  ];
}

function kept(name) {
  return new Promise((resolve, reject) => {
    const path = fileURLToPath(import.meta.url);
    const child = fork(path, ['kept', name], { execArgv: ['--max-old-space-size=4096'] });
    child.on('message', resolve);
    child.on('error', reject);
    child.on('exit', (code) => {
      if (code !== 0) {
        reject(new Error(`The process with a million records in ${name} ended with exit code ${code}`));
      }
    });
  });
}

/** What a million records take, each of which was added and read, and what a full collection takes beside them. */
function whenKept({ make, names, start, add, read }) {
  const collect = () => {
    const begin = performance.now();
    gc();
    return (performance.now() - begin) * 1e6;
  };
  const empty = repeat(collect, 7);
  const before = process.memoryUsage.rss();
  const store = make(COUNT);
  const text = `${start} let sum = 0.5; for (let i = 0; i < ${COUNT}; i++) { ${add} sum += ${read}; } return sum;`;
  ownLoop({ store, ...names }, text)();
  const collection = repeat(collect, 7);
  return {
    resident: summarize([(process.memoryUsage.rss() - before) / COUNT]),
    collection,
    empty,
    store: store.length,
  };
}
