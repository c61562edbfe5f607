import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';

import { KiB, type TypedArena } from '../../lib';
import { collectGarbage } from '../support';
import { type Point, TYPED } from './typed-support';

const INIT = { id: 1, x: 0.5, on: true };

interface Run {
  arena: TypedArena<Point>;
  count: number;
  target: Float64Array;
  /** Sums, in memory: a captured variable that is no small integer would be a heap object every time. */
  sums: Float64Array;
}

const WORK: [string, (run: Run) => void][] = [
  [
    'push',
    ({ arena, count }) => {
      arena.reset();
      for (let i = 0; i < count; i++) {
        arena.push(INIT);
      }
    },
  ],
  [
    'pushValues',
    ({ arena, count }) => {
      arena.reset();
      for (let i = 0; i < count; i++) {
        arena.pushValues(i, 0.5, true);
      }
    },
  ],
  [
    'forEach',
    ({ arena, sums }) => {
      arena.forEach((record, index) => {
        sums[0]! += record.id + record.x + index;
        record.on = false;
      });
    },
  ],
  [
    'column',
    ({ arena, count, sums, target }) => {
      const ids = arena.column('id');
      for (let i = 0; i < count; i++) {
        sums[1]! += ids.at(i);
      }
      sums[2]! += arena.column('x').copyTo(target);
    },
  ],
];

function heapUsed(): number {
  return process.memoryUsage().heapUsed;
}

/** By how many bytes of JavaScript heap `work` makes it larger, garbage not counted: the least of five times. */
function keptBy(work: () => void): number {
  const kept = [1, 2, 3, 4, 5].map(() => {
    collectGarbage();
    const before = heapUsed();
    work();
    collectGarbage();
    return heapUsed() - before;
  });
  return Math.min(...kept);
}

interface Garbage {
  /** How often some was collected meanwhile. */
  collections: number;
  bytes: number;
}

/** What garbage `work` makes: the least of three times, since V8 may be at work on compiling it. */
async function garbageOf(work: () => void): Promise<Garbage> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => (collections += list.getEntries().length));
  collectGarbage();
  // A collection throws compiled code away, and code that is not compiled makes garbage of its own.
  for (let time = 0; time < 4; time++) {
    work();
  }
  await setTimeout(10); // until whatever was collected so far has been reported
  observer.observe({ entryTypes: ['gc'] });
  const measured: Garbage[] = [];
  for (let time = 0; time < 3; time++) {
    collections = 0;
    const before = heapUsed();
    work();
    const bytes = heapUsed() - before;
    await setTimeout(10);
    measured.push({ collections, bytes });
  }
  observer.disconnect();
  return measured.sort((a, b) => a.collections - b.collections || a.bytes - b.bytes)[0]!;
}

function start(arena: TypedArena<Point>, count: number): Run {
  for (let i = 0; i < count; i++) {
    arena.push(INIT);
  }
  return { arena, count, target: new Float64Array(count), sums: new Float64Array(3) };
}

describe.each(TYPED)('%s', (_title, { Arena, Point }) => {
  it('keeps nothing in the JavaScript heap, by whatever way 100,000 records are added or read', () => {
    const count = 100_000;
    using arena = new Arena(Point, count);
    const run = start(arena, count);
    for (const [, work] of WORK) {
      work(run);
      work(run);
      const kept = keptBy(() => {
        work(run);
      });
      expect(kept).toBeLessThan(16 * KiB);
    }
    expect(run.sums[0]).toBeGreaterThan(count);
    expect(run.sums[2]).toBeGreaterThanOrEqual(count);
  });
});

describe.each([TYPED[0]!, TYPED[2]!])('%s', (_title, { Arena, Point }) => {
  it.each(WORK)('makes no garbage, by a million records: %s', async (_name, work) => {
    const count = 1_000_000;
    using arena = new Arena(Point, count);
    const run = start(arena, count);
    const { bytes, collections } = await garbageOf(() => {
      work(run);
    });
    expect(bytes).toBeLessThan(16 * KiB);
    expect(collections).toBe(0);
    expect(arena.length).toBe(count);
  });
});
