// Reads a file in one of the ways, in a process of its own, and prints what it found and what that took as JSON.
// Usage: node measure.mjs <file> <variant> <block size> <passes>
import { open } from 'node:fs/promises';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { summarize, Summary } from './summary.mjs';
import { BLOCKS_PER_BATCH, variants } from './variants.mjs';

const [path, name, blockSize, passes] = process.argv.slice(2);
const memory = variants[name](Number(blockSize));
const allocations = { count: 0, time: 0 };

const gc = watchGarbageCollector();
const start = performance.now();
const found = [];
for (let pass = 0; pass < Number(passes); pass++) {
  memory.beforePass?.();
  found.push(await readInBatches());
}
const time = performance.now() - start;
const peak = process.resourceUsage().maxRSS * 1024;
await gc.stop();

if (memory.wholeFile) {
  found.push(summarize(memory.wholeFile(found[0].size)));
}
console.log(JSON.stringify({ found, time, allocations, gc, peak }));

async function readInBatches() {
  const summary = new Summary();
  const file = await open(path);
  for (let atEnd = false; !atEnd;) {
    for (const block of allocateBatch()) {
      const { bytesRead } = await file.read(block, 0, block.length, summary.size);
      summary.add(block.subarray(0, bytesRead));
      atEnd = bytesRead < block.length;
      if (atEnd) {
        break;
      }
    }
  }
  await file.close();
  return summary.finish();
}

function allocateBatch() {
  const start = performance.now();
  memory.beforeBatch?.();
  const blocks = Array.from({ length: BLOCKS_PER_BATCH }, memory.alloc);
  allocations.time += performance.now() - start;
  allocations.count += blocks.length;
  return blocks;
}

/** Counts collections and adds up their pauses, in milliseconds, until stopped. */
function watchGarbageCollector() {
  const { NODE_PERFORMANCE_GC_INCREMENTAL: STEP, NODE_PERFORMANCE_GC_WEAKCB: WEAK_CALLBACKS } = constants;
  const gc = { count: 0, pause: 0, stop };
  const observer = new PerformanceObserver((list) => add(list.getEntries()));
  observer.observe({ entryTypes: ['gc'] });
  return gc;

  function add(entries) {
    for (const { duration, detail } of entries) {
      gc.pause += duration;
      // What belongs to a collection that is reported as well is not another one.
      gc.count += detail.kind === STEP || detail.kind === WEAK_CALLBACKS ? 0 : 1;
    }
  }

  async function stop() {
    await sleep(10); // the last ones are reported on a later turn of the event loop
    add(observer.takeRecords());
    observer.disconnect();
  }
}
