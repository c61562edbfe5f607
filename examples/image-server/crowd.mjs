// All kinds of clients in a process of their own, started by run.mjs.
import { setTimeout as sleep } from 'node:timers/promises';

import { ownTime } from '../support/others.mjs';
import { answer } from '../support/process.mjs';
import { seeded } from '../support/random.mjs';
import { CLIENTS, makeTask } from './clients.mjs';

const TASKS = 3; // of each size
/** Milliseconds from one visit to the next. Node.js accepts few connections a second while it is busy, and all shall come in. */
const PAUSE = 300;

answer({ visit, cpu: ownTime });

/** One client of each kind, which comes again and again. Answers how often. */
async function visit({ port, sizes, seconds }) {
  const random = seeded(3);
  const tasks = sizes.flatMap((size, i) => Array.from({ length: TASKS }, (_, j) => makeTask(size, i * TASKS + j)));
  const end = performance.now() + seconds * 1000;
  const visits = Object.entries(CLIENTS).map(async ([kind, client]) => {
    let count = 0;
    while (performance.now() < end) {
      try {
        await client({ ...tasks[random.integer(0, tasks.length - 1)], port, random });
      } catch (error) {
        throw new Error(`The one that ${kind}: ${error.message}`, { cause: error });
      }
      count++;
      await sleep(PAUSE);
    }
    return [kind, count];
  });
  return Object.fromEntries(await Promise.all(visits));
}
