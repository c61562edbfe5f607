// A server in a process of its own. Usage: node server.mjs <memory> <milliseconds until idle memory goes back>, started by
// run.mjs, which asks it what the load does to it.
import { once } from 'node:events';
import { setInterval } from 'node:timers';

import { startDashboard } from 'offheap/dashboard';

import { ownTime } from '../support/others.mjs';
import { Pauses } from '../support/pauses.mjs';
import { answer } from '../support/process.mjs';
import { serve } from './api.mjs';

const SAMPLING = 50; // milliseconds between two looks at resident memory

const [name, idleMs] = process.argv.slice(2);
const { Memory } = await import(`./memory-${name}.mjs`);
const memory = new Memory({ idleMs: Number(idleMs) });
const counts = { answered: 0, refused: 0, aborted: 0, failed: 0 };
const pauses = new Pauses();
let before = null;
let peak = 0;

setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, SAMPLING).unref();

answer({
  async listen() {
    const server = serve(memory, counts).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { url } = await startDashboard(); // costs nothing while nobody looks
    return { port: server.address().port, dashboard: url };
  },

  start() {
    peak = process.memoryUsage.rss();
    pauses.reset();
    before = { ...counts, cpu: ownTime() };
  },

  /** What has happened since `start`; times in milliseconds, memory in bytes. */
  async stop() {
    const cpu = ownTime() - before.cpu;
    const since = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count - before[name]]));
    return { ...since, cpu: cpu / since.answered, peak, ...(await pauses.report()) };
  },

  memory: () => ({ resident: process.memoryUsage.rss(), live: memory.live }),
  cpu: ownTime,
});
