// A server in a process of its own. Usage: node server.mjs <store>, started by run.mjs, which asks it questions.
import { once } from 'node:events';

import { ownTime } from '../support/others.mjs';
import { Pauses } from '../support/pauses.mjs';
import { answer } from '../support/process.mjs';
import { serve } from './api.mjs';
import { summarizeFleet } from './queries.mjs';

const { Store } = await import(`./store-${process.argv[2]}.mjs`);
const store = new Store();
const pauses = new Pauses();

answer({
  load: ({ path }) => time(() => store.load(path)),
  restore: ({ path }) => time(() => store.restore(path)),
  save: ({ path }) => time(() => store.save(path)),
  fleet: () => time(() => summarizeFleet(store)),

  async listen() {
    const server = serve(store).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
  },

  resetPauses: () => pauses.reset(),
  pauses: () => pauses.report(),
  cpu: ownTime,
  resident: () => process.memoryUsage.rss(),
});

async function time(action) {
  const start = performance.now();
  const result = await action();
  return { time: performance.now() - start, result };
}
