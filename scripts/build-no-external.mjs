// Builds the addon as it behaves where the runtime refuses external ArrayBuffers, for the tests of that:
// build/no-external/build/Release/offheap.node. Takes g++ or clang++, which know -include.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, 'build', 'no-external');

// node-gyp builds what is in a folder of its own and knows nothing of variants. The times of the files are kept, so that
// make compiles only what has changed.
mkdirSync(folder, { recursive: true });
rmSync(join(folder, 'native'), { recursive: true, force: true });
cpSync(join(root, 'native'), join(folder, 'native'), { recursive: true, preserveTimestamps: true });
copyFileSync(join(root, 'binding.gyp'), join(folder, 'binding.gyp'));

const { status, error } = spawnSync(
  process.execPath,
  [join(root, 'scripts', 'build-native.mjs'), `--directory=${folder}`],
  {
    stdio: 'inherit',
    // Seen from the folder that make runs in; an absolute path might have spaces.
    env: { ...process.env, CXXFLAGS: `${process.env.CXXFLAGS ?? ''} -include ../native/test/no_external_buffers.h` },
  },
);
if (error !== undefined) {
  throw error;
}
process.exit(status ?? 1);
