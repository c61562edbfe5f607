// Runs most of the suite on other versions of Node, on Linux x64: `npm run test:runtimes`, or with arguments, the versions, such as
// `24`, and the tests, such as `test/memory`.
import { spawnSync } from 'node:child_process';

import { root, runtime } from './runtimes.mjs';

/** What depends on the runtime: memory that is detached, finalized and shared, its servers, its own Buffers. */
const CORE = [
  'test/arena',
  'test/crash',
  'test/global',
  'test/memory',
  'test/model/arena-pool',
  'test/monitor/memory-map',
  'test/monitor/metrics',
  'test/native',
  'test/pool',
  'test/server',
  'test/threads',
];
/** The rest is JavaScript alone, for which one more version is enough. */
const REST = ['test/allocator', 'test/collections', 'test/conformance', 'test/layout', 'test/model'];
const REST_ON = '24';

const isVersion = (argument) => /^\d+$/.test(argument);
const wanted = process.argv.slice(2).filter(isVersion);
const only = process.argv.slice(2).filter((argument) => !isVersion(argument));
const versions = wanted.length > 0 ? wanted : ['22', '24', '26'];

const failed = versions.filter((version) => {
  const most = version === REST_ON ? [...CORE, ...REST] : CORE;
  const tests = only.length > 0 ? only : most;
  const node = runtime(`node${version}`);
  console.log(`\nNode ${version}: ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout}`);
  const args = ['node_modules/jest/bin/jest.js', '--silent', ...tests];
  return spawnSync(node, args, { cwd: root, stdio: 'inherit' }).status !== 0;
});

if (failed.length > 0) {
  console.error(`\nFailed on Node ${failed.join(', ')}`);
  process.exit(1);
}
