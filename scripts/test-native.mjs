// Builds and runs the tests of the C++ below the addon, without Node: `npm run test:native`.
//
//   node scripts/test-native.mjs [plain|asan|tsan|valgrind]
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const modes = {
  plain: [],
  asan: ['-DOFFHEAP_SANITIZE=address,undefined'],
  tsan: ['-DOFFHEAP_SANITIZE=thread'],
  valgrind: ['-DOFFHEAP_TEST_LAUNCHER=valgrind;--quiet;--fair-sched=try;--leak-check=full;--error-exitcode=1'],
};

const [mode = 'plain', ...rest] = process.argv.slice(2);
if (!Object.hasOwn(modes, mode) || rest.length > 0) {
  stop(`Usage: node scripts/test-native.mjs [${Object.keys(modes).join('|')}]`);
}

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, 'build', `cmake-${mode}`);

for (const tool of mode === 'valgrind' ? ['cmake', 'valgrind'] : ['cmake']) {
  if (spawnSync(tool, ['--version']).status !== 0) {
    stop(`The ${mode} tests of the C++ need ${tool}, which is not in PATH. On Debian: apt-get install ${tool}`);
  }
}

run('cmake', ['-S', root, '-B', folder, ...modes[mode]]);
const parallel = ['--parallel', String(availableParallelism())];
run('cmake', ['--build', folder, ...parallel]);
run('ctest', ['--output-on-failure', '--no-tests=error', ...parallel], folder);

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
