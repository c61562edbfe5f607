// Runs the hostile cases of test/crash/ with an addon that is built with sanitizers, or under valgrind. What these find fails a case:
//
//   npm run test:hostile:<asan|tsan|valgrind> [-- case...]
//
// A case is named by the beginning of its file's name. Takes g++.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { buildVariant } from './build-variant.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));

const library = (name) => execFileSync('g++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
const sanitized = (flags) => ({ compile: `${flags} -g -fno-omit-frame-pointer`, link: flags });

const MODES = {
  asan: {
    // Without the last flag, what UBSan reports is no failure.
    build: sanitized('-fsanitize=address,undefined -fno-sanitize-recover=all'),
    env: () => ({
      LD_PRELOAD: `${library('libasan.so')} ${library('libubsan.so')} ${library('libstdc++.so.6')}`,
      // V8 leaves very much behind at the end of a process; the cases look at the addon's accounts themselves. A size that no
      // allocator has is refused, as without ASan.
      ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1:exitcode=99',
      UBSAN_OPTIONS: 'print_stacktrace=1',
    }),
  },
  tsan: {
    build: sanitized('-fsanitize=thread'),
    env: () => ({
      LD_PRELOAD: library('libtsan.so'),
      // Node is not instrumented, so that what it does to order threads is not seen.
      TSAN_OPTIONS: 'ignore_noninstrumented_modules=1:halt_on_error=1:exitcode=99',
    }),
  },
  valgrind: {
    build: { compile: '-g' },
    launcher: ['valgrind', '--quiet', '--fair-sched=try', '--error-exitcode=99'],
    env: () => ({}),
  },
};

/** What a tool cannot run, and why. */
const LEFT_OUT = { asan: {}, tsan: {}, valgrind: {} };

const [mode, ...prefixes] = process.argv.slice(2);
if (!Object.hasOwn(MODES, mode ?? '')) {
  stop(`Usage: node scripts/test-hostile.mjs <${Object.keys(MODES).join('|')}> [case...]`);
}
const { build, launcher = [], env } = MODES[mode];
if (launcher.length > 0 && spawnSync(launcher[0], ['--version']).error !== undefined) {
  stop(`This needs ${launcher[0]}, which is not in PATH. On Debian: apt-get install ${launcher[0]}`);
}

/** The cases in a tree of their own, where they find that addon. */
const addon = buildVariant(`hostile-${mode}`, build);
const folder = join(root, 'build', `hostile-${mode}`, 'tree');
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'build/Release'), { recursive: true });
copyFileSync(addon, join(folder, 'build/Release/offheap.node'));
cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
cpSync(join(root, 'test/crash'), join(folder, 'test/crash'), { recursive: true });

const cases = readdirSync(join(folder, 'test/crash/cases'))
  .filter((file) => prefixes.length === 0 || prefixes.some((prefix) => file.startsWith(prefix)))
  .filter((file) => {
    const why = LEFT_OUT[mode][file];
    if (why !== undefined) {
      console.log(`skipped ${file}: ${why}`);
    }
    return why === undefined;
  });
const started = Date.now();
const failed = [];
const waiting = [...cases];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      await runCase(file);
    }
  }),
);
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(`${mode}: ${cases.length - failed.length} of ${cases.length} cases survived, in ${seconds} s`);
if (failed.length > 0 || cases.length === 0) {
  stop(`Failed: ${failed.join(', ')}`);
}

function runCase(file) {
  const [command, ...args] = [...launcher, process.execPath, '--expose-gc', join('test/crash/cases', file)];
  const before = Date.now();
  const options = {
    cwd: folder,
    env: { ...process.env, ...env() },
    timeout: 600_000,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 28,
  };
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const complaint = /(ERROR|WARNING): \w+Sanitizer|runtime error:|^==\d+==/m.test(stderr);
      const survived = error === null && !complaint && stdout.includes('survived');
      console.log(`${survived ? 'ok  ' : 'FAIL'} ${file} (${Date.now() - before} ms)`);
      if (!survived) {
        failed.push(file);
        console.log(`${stdout}${stderr.slice(0, 20_000)}${error === null ? '' : `${error.code} ${error.signal}`}`);
      }
      resolve();
    });
  });
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
