// Builds the addon with other flags, for tests, into a folder of its own: build/<name>/build/Release/offheap.node. The flags are
// those of g++ and clang++.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * Answers the path of the addon, or ends this process as the build has ended. Paths in the flags are seen from build/<name>/build,
 * since an absolute one might have spaces; the sources are in ../native there.
 */
export function buildVariant(name, { compile = '', link = '' }) {
  const folder = join(root, 'build', name);
  // node-gyp builds what is in a folder of its own and knows nothing of variants. The times of the files are kept, so that
  // make compiles only what has changed.
  mkdirSync(folder, { recursive: true });
  rmSync(join(folder, 'native'), { recursive: true, force: true });
  cpSync(join(root, 'native'), join(folder, 'native'), { recursive: true, preserveTimestamps: true });
  copyFileSync(join(root, 'binding.gyp'), join(folder, 'binding.gyp'));
  const { CXXFLAGS = '', LDFLAGS = '' } = process.env;
  const { status, error } = spawnSync(
    process.execPath,
    [join(root, 'scripts', 'build-native.mjs'), `--directory=${folder}`],
    {
      stdio: 'inherit',
      env: { ...process.env, CXXFLAGS: `${CXXFLAGS} ${compile}`, LDFLAGS: `${LDFLAGS} ${link}` },
    },
  );
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
  return join(folder, 'build', 'Release', 'offheap.node');
}
