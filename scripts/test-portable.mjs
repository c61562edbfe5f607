// Runs the part of the suite that depends on the runtime in one that cannot run jest, with the binary that the package has for it:
//
//   npm run test:portable -- <runtime> [path...]
//
// A path is that of a test file or a folder below test/. With --save, docs/platforms.md gets what is found out about the runtime;
// without, it has to be there already. `here` is the runtime that this script is run by. The others come from
// npm; those for another system run in an emulator, which has to be installed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { transformSync } from 'esbuild';

import { Platforms } from './platforms.mjs';
import { root, run, runtime } from './runtimes.mjs';

/** What is about memory, which an emulator has to make anew. */
const IN_WINDOWS = ['allocator', 'arena', 'memory', 'pool', 'threads'];
/** Of that, what is about the system: every instruction is emulated, and all that is reserved costs memory. */
const SLOWLY = ['memory', 'arena/blocks', 'arena/starting-over', 'arena/bump-alloc', 'pool/buffer-pool'];

/** By runtime: the binary of the package, how a program is run, and what is tested there, if not everything. */
const RUNTIMES = {
  here: { platform: `${process.platform}-${process.arch}`, command: () => [process.execPath] },
  node20: { platform: 'linux-x64', command: () => [runtime('node20')] },
  node22: { platform: 'linux-x64', command: () => [runtime('node22')] },
  node24: { platform: 'linux-x64', command: () => [runtime('node24')] },
  node26: { platform: 'linux-x64', command: () => [runtime('node26')] },
  bun: { platform: 'linux-x64', command: () => [runtime('bun'), '--expose-gc'] },
  deno: { platform: 'linux-x64', command: () => [runtime('deno'), 'run', '-A', '--v8-flags=--expose-gc'] },
  arm64: { platform: 'linux-arm64', command: () => emulated('node22-linux-arm64'), folders: SLOWLY },
  'wine-node20': { platform: 'win32-x64', command: () => wine('node20-win32-x64'), folders: IN_WINDOWS },
  'wine-node22': { platform: 'win32-x64', command: () => wine('node22-win32-x64'), folders: IN_WINDOWS },
};

const FOLDERS = [
  'allocator',
  'arena',
  'collections',
  'conformance',
  'crash',
  'global',
  'layout',
  'memory',
  'model',
  'monitor',
  'pool',
  'server',
  'threads',
];
/** Tests there that are about something else than the runtime. */
const LEFT_OUT = {
  'global/packages': 'runs the tests of other packages',
  'layout/c-layout': 'compiles C',
  'monitor/dashboard-page': 'takes a browser',
};

const { values: options, positionals } = parseArgs({ options: { save: { type: 'boolean' } }, allowPositionals: true });
const [name, ...paths] = positionals;
if (!Object.hasOwn(RUNTIMES, name ?? '')) {
  stop(`Usage: npm run test:portable -- <${Object.keys(RUNTIMES).join('|')}> [path...]`);
}
const { platform, command, folders = FOLDERS } = RUNTIMES[name];
const folder = join(root, 'build', 'portable', name);

prepare();
const environment = {};
const [program, ...args] = command();
const files = testFiles();
const started = Date.now();
// Side by side, since many tests wait for processes of theirs.
const shards = Math.min(availableParallelism(), 4, files.length);
const reports = await Promise.all(
  Array.from({ length: shards }, (_, shard) =>
    runShard(
      shard,
      files.filter((_file, i) => i % shards === shard),
    ),
  ),
);
const { runs, facts } = reports[0];
const differs = !(await checkFacts());
const all = (list) => reports.flatMap((report) => report[list]);
const passed = reports.reduce((sum, report) => sum + report.passed, 0);
for (const test of all('skipped')) {
  console.log(`skipped: ${test}`);
}
const seconds = ((Date.now() - started) / 1000).toFixed(0);
console.log(
  `${runs}: ${passed} passed, ${all('skipped').length} skipped, ${all('failed').length} failed, in ${seconds} s`,
);
process.exitCode = all('failed').length === 0 && passed > 0 && !differs ? 0 : 1;

/** Whether docs/platforms.md says of this runtime what was found out. What is run `here` is any runtime. */
async function checkFacts() {
  const page = new Platforms();
  if (options.save) {
    await page.save(name, facts);
    return true;
  }
  const wrong = name === 'here' ? [] : page.differences(name, facts);
  wrong.forEach((line) => console.error(`docs/platforms.md: ${line}`));
  return wrong.length === 0;
}

/** Runs some of the files in one process; answers what it reports. */
async function runShard(shard, some) {
  const report = join(folder, `report-${shard}.json`);
  const output = join(folder, `output-${shard}.txt`);
  // Wine cannot write to a pipe.
  const file = openSync(output, 'w');
  const child = spawn(program, [...args, 'test/portable/run.cjs', `report-${shard}.json`, ...some], {
    cwd: folder,
    stdio: ['ignore', file, file],
    env: { ...process.env, NODE_OPTIONS: '', OFFHEAP_RUNTIME: name.replace(/-.*/, ''), ...environment },
  });
  const [code, signal] = await once(child, 'close');
  closeSync(file);
  const printed = readFileSync(output, 'utf8');
  console.log(printed.replace(/^(PASS|RUN) .*\n/gm, '').trimEnd());
  if (!existsSync(report)) {
    const last = [...printed.matchAll(/^RUN +(\S+)$/gm)].at(-1)?.[1];
    stop(`${name} did not reach the end: code ${code}, signal ${signal}, in ${last ?? 'nothing'}`);
  }
  return JSON.parse(readFileSync(report, 'utf8'));
}

/** A project of its own in which the tests find everything where they look for it. */
function prepare() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  run(process.execPath, [join(root, 'scripts/prebuild.mjs'), '--stale', platform]);
  const binary = join(root, 'prebuilds', platform, 'offheap.node');
  // Some tests take the addon from here.
  mkdirSync(join(folder, 'build/Release'), { recursive: true });
  copyFileSync(binary, join(folder, 'build/Release/offheap.node'));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  cpSync(join(root, 'dist'), join(folder, 'lib'), { recursive: true });
  for (const each of ['docs', 'test']) {
    cpSync(join(root, each), join(folder, each), { recursive: true });
  }
  for (const each of readdirSync(join(folder, 'test'), { recursive: true, encoding: 'utf8' })) {
    if (each.endsWith('.ts')) {
      const source = join(folder, 'test', each);
      const { code } = transformSync(readFileSync(source, 'utf8'), {
        loader: 'ts',
        format: 'cjs',
        banner: '"use strict";',
        target: 'es2022',
        sourcefile: each,
      });
      writeFileSync(source.replace(/\.ts$/, '.js'), code);
      rmSync(source);
    }
  }
}

/** Below the project's folder, without those that are left out. */
function testFiles() {
  const wanted = (paths.length > 0 ? paths : folders).map((path) =>
    path.replace(/^test\//, '').replace(/\.test\.ts$/, ''),
  );
  const all = readdirSync(join(folder, 'test'), { recursive: true, encoding: 'utf8' })
    .map((each) => each.replaceAll('\\', '/'))
    .filter((each) => each.endsWith('.test.js'))
    .map((each) => each.replace(/\.test\.js$/, ''))
    .filter((each) => wanted.some((path) => each === path || each.startsWith(`${path}/`)));
  return all
    .filter((each) => !Object.hasOwn(LEFT_OUT, each))
    .sort()
    .map((each) => `test/${each}.test.js`);
}

/** A program for Windows, in a Windows of its own. Node asks for version 10. */
function wine(which) {
  need('wine', 'wine wine64');
  const program = runtime(which);
  environment.WINEPREFIX = join(root, '.cache/wine');
  environment.WINEDEBUG = '-all';
  if (!existsSync(environment.WINEPREFIX)) {
    for (const args of [
      ['wineboot', '-i'],
      ['winecfg', '-v', 'win10'],
    ]) {
      run('wine', args, { env: { ...process.env, ...environment }, stdio: 'ignore' });
    }
  }
  return ['wine', program];
}

/** A program for another machine, and a script that runs it where a test starts another process. */
function emulated(which) {
  need('qemu-aarch64-static', 'qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross');
  const node = runtime(which);
  const script = join(folder, 'node');
  writeFileSync(script, `#!/bin/sh\nexec qemu-aarch64-static '${node}' "$@"\n`, { mode: 0o755 });
  environment.QEMU_LD_PREFIX = '/usr/aarch64-linux-gnu';
  environment.OFFHEAP_EXEC_PATH = script;
  return ['qemu-aarch64-static', node];
}

function need(command, packages) {
  if (spawnSync(command, ['--version']).error !== undefined) {
    stop(`${name} needs ${command}, which is not in PATH. On Debian: apt-get install ${packages}`);
  }
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
