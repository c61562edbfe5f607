// Makes so many Buffers of 1,000 bytes, half of them by concat, and so many that there is no room for; in so many workers, and
// ends as the last argument says: --made 10 --large 2 --workers 3 --end exit.
'use strict';

const { once } = require('node:events');
const { parseArgs } = require('node:util');
const { Worker } = require('node:worker_threads');

const options = Object.fromEntries(
  ['made', 'large', 'workers', 'end'].map((name) => [name, { type: 'string', default: '0' }]),
);
const { made, large, workers, end } = parseArgs({ options }).values;

const part = Buffer.alloc(500);
for (let i = 0; i < Number(made); i++) {
  i % 2 === 0 ? Buffer.allocUnsafe(1000) : Buffer.concat([part, part]);
}
for (let i = 0; i < Number(large); i++) {
  i % 2 === 0 ? Buffer.allocUnsafe(2 ** 24) : Buffer.concat([part, part], 2 ** 24);
}

const ends = {
  0: () => undefined,
  exit: () => process.exit(),
  throw: () => {
    throw new Error('meant');
  },
  switch: () => require('offheap/global').installGlobal(require('offheap').BumpAlloc.withSize(2 ** 24)),
  uninstall: () => require('offheap/global').uninstall(),
};

async function main() {
  for (let i = 0; i < Number(workers); i++) {
    // Every other one by process.exit().
    const argv = ['--made', made, '--large', large, '--end', i % 2 === 0 ? '0' : 'exit'];
    await once(new Worker(module.filename, { argv }), 'exit');
  }
  ends[end]();
}

main();
