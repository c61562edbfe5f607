// Runs the hostile cases of test/crash/ with an addon that is built with sanitizers, or under valgrind. What these find fails a case:
//
//   npm run test:hostile:<asan|tsan|valgrind> [-- case...]
//
// A case is named by the beginning of its file's name. Takes g++.
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { buildVariant, makeTree, SANITIZERS } from './build-variant.mjs';

const MODES = {
  ...SANITIZERS,
  valgrind: {
    compile: '-g',
    // JavaScript may look at a block that nobody has written to, and V8's collector looks at all that is on the stack. So values that
    // nobody has set are looked for by test:native:valgrind alone, in the C++ below the binding.
    launcher: [
      'valgrind',
      '--quiet',
      '--fair-sched=try',
      '--error-exitcode=99',
      '--undef-value-errors=no',
      '--suppressions=test/crash/valgrind.supp',
    ],
    env: () => ({ OFFHEAP_TEST_PATIENCE: '20' }),
  },
};

/** What a tool cannot run, and why. */
const USES_UP_MAPPINGS = 'uses up the mappings of the process, of which the tool needs some itself';
const LIMITS_THE_PROCESS = 'limits the memory of the process, of which the tool takes some itself';
const USES_UP_ADDRESSES = 'reserves more addresses than the tool has for a process';
const LEFT_OUT = {
  asan: {},
  tsan: {
    'addresses-exhausted.cjs': LIMITS_THE_PROCESS,
    'many-arenas.cjs': USES_UP_MAPPINGS,
    'memory-exhausted.cjs': LIMITS_THE_PROCESS,
    'request-arenas-many.cjs': USES_UP_MAPPINGS,
  },
  valgrind: {
    'dropped-arenas.cjs': USES_UP_ADDRESSES,
    'kept-blocks.cjs': USES_UP_ADDRESSES,
    'many-arenas.cjs': USES_UP_MAPPINGS,
    'memory-exhausted.cjs': LIMITS_THE_PROCESS,
    'renew-in-a-loop.cjs': USES_UP_MAPPINGS,
    'renew-many-arenas.cjs': USES_UP_MAPPINGS,
    'request-arenas-context.cjs': USES_UP_ADDRESSES,
    'request-arenas-in-a-loop.cjs': USES_UP_ADDRESSES,
    'request-arenas-many.cjs': USES_UP_MAPPINGS,
  },
};

const [mode, ...prefixes] = process.argv.slice(2);
if (!Object.hasOwn(MODES, mode ?? '')) {
  stop(`Usage: node scripts/test-hostile.mjs <${Object.keys(MODES).join('|')}> [case...]`);
}
const { compile, link, launcher = [], env } = MODES[mode];
if (launcher.length > 0 && spawnSync(launcher[0], ['--version']).error !== undefined) {
  stop(`This needs ${launcher[0]}, which is not in PATH. On Debian: apt-get install ${launcher[0]}`);
}

/** The cases in a tree of their own, where they find that addon. */
const folder = makeTree(`hostile-${mode}`, buildVariant(`hostile-${mode}`, { compile, link }), ['test/crash']);
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
    timeout: 1_200_000,
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
