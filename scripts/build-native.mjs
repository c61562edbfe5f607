// Builds the addon from source with node-gyp: `npm run build:native`, and part of `npm ci` in a clone.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');

// An installed Node brings its own headers; node-gyp would download them all the same.
const prefix = dirname(dirname(process.execPath));
const headers = existsSync(join(prefix, 'include', 'node', 'common.gypi')) ? [`--nodedir=${prefix}`] : [];

const args = [nodeGyp, 'configure', 'build', '--loglevel=error', ...headers, ...process.argv.slice(2)];
const { status, error } = spawnSync(process.execPath, args, { stdio: 'inherit' });
if (error !== undefined) {
  throw error;
}
process.exit(status ?? 1);
