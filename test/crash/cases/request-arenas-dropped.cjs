// Clients go, and handlers drop their responses without ending them; the arenas come back all the same
'use strict';
const http = require('node:http');
const { requestArena, collectUntil, run, turn } = require('../support.cjs');

run(async () => {
  const arenas = requestArena();
  let seen = 0;
  const server = http.createServer((req, res) => {
    arenas(req, res, () => seen++);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  for (let i = 1; i <= 20; i++) {
    const client = http.get({ port, agent: false }).on('error', () => {});
    while (seen < i) await turn();
    client.destroy();
  }
  // The last one may still be in a place that something is left in, on the stack for example.
  await collectUntil('arenas are back', () => arenas.pool.stats.liveArenas <= 1);
  server.closeAllConnections();
  server.close();
});
