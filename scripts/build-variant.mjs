// Builds the addon with other flags, for tests, into a folder of its own: build/<name>/build/Release/offheap.node. The flags are
// those of g++ and clang++.
import { execFileSync, spawnSync } from 'node:child_process';
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

const library = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
const sanitized = (flags) => ({ compile: `${flags} -g -fno-omit-frame-pointer`, link: flags });

/** The flags of sanitizers, and what a Node that is built without them needs in its environment. */
export const SANITIZERS = {
  asan: {
    // Without the last flag, what UBSan reports is no failure.
    ...sanitized('-fsanitize=address,undefined -fno-sanitize-recover=all'),
    env: () => ({
      LD_PRELOAD: ['libasan.so', 'libubsan.so', 'libstdc++.so.6'].map(library).join(' '),
      // V8 leaves very much behind at the end of a process; the tests look at the addon's accounts themselves. A size that no
      // allocator has is refused, as without ASan.
      ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:exitcode=99',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    }),
  },
  tsan: {
    ...sanitized('-fsanitize=thread'),
    env: () => ({
      LD_PRELOAD: library('libtsan.so'),
      // Node is not instrumented, so that what it does to order threads is not seen.
      TSAN_OPTIONS: 'ignore_noninstrumented_modules=1:halt_on_error=1:exitcode=99',
    }),
  },
};

/** A tree in which programs of some folders find that addon, and the package: build/<name>/tree. */
export function makeTree(name, addon, folders) {
  const tree = join(root, 'build', name, 'tree');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(join(tree, 'build/Release'), { recursive: true });
  copyFileSync(addon, join(tree, 'build/Release/offheap.node'));
  for (const folder of ['dist', ...folders]) {
    cpSync(join(root, folder), join(tree, folder), { recursive: true });
  }
  return tree;
}
