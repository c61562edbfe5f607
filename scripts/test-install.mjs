// Installs the packed package into an empty folder as a user would, with the settings that npm has by default, and uses it:
// `npm run test:install`, or with versions of Node as arguments. What PATH has is Node and npm alone, no compiler. A warning from
// npm, or from Node, is a failure.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, run, runtime } from './runtimes.mjs';

const NPM_OF = { 20: 'npm11', 22: 'npm12', 24: 'npm12', 26: 'npm12' };

const USES = {
  'use.cjs': "const { BumpArenaLazy } = require('offheap'); console.log(new BumpArenaLazy(2 ** 30).alloc(3).fill(7));",
  'use.mjs': "import { BumpArenaLazy } from 'offheap'; console.log(new BumpArenaLazy(2 ** 30).alloc(3).fill(7));",
};

const versions = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(NPM_OF);
const folder = mkdtempSync(join(tmpdir(), 'offheap-install-'));
try {
  run('npm', ['pack', '--loglevel=error', '--pack-destination', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
  const tarball = join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  );
  for (const version of versions) {
    test(version, tarball);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function test(version, tarball) {
  const tools = join(folder, `tools-${version}`);
  const project = join(folder, `project-${version}`);
  const home = join(folder, `home-${version}`);
  for (const each of [tools, project, home]) {
    mkdirSync(each);
  }
  const node = join(tools, 'node');
  symlinkSync(runtime(`node${version}`), node);
  const npm = runtime(NPM_OF[version]);
  for (const [name, text] of Object.entries(USES)) {
    writeFileSync(join(project, name), text);
  }
  // A home of its own has no settings of the user's but the registry.
  const env = { PATH: tools, HOME: home, ...registry() };
  const print = (args) => expectQuiet(node, args, { cwd: project, env });
  console.log(`\nNode ${print(['--version'])} and npm ${print([npm, '--version'])}:`);
  console.log(print([npm, 'install', tarball]));
  console.log(print([npm, 'ls']));
  for (const file of Object.keys(USES)) {
    const printed = print([file]);
    if (printed !== '<Buffer 07 07 07>') {
      throw new Error(`${file} has printed ${printed}`);
    }
    console.log(`${file}: ${printed}`);
  }
}

/** What a command prints. Anything that it says beside that is an error. */
function expectQuiet(command, args, options) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { ...options, encoding: 'utf8' });
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0 || stderr !== '' || /\bwarn/i.test(stdout)) {
    throw new Error(`${args.join(' ')} has ended with ${status}\n${stdout}${stderr}`);
  }
  return stdout.trim();
}

function registry() {
  const { stdout } = spawnSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' });
  return { npm_config_registry: stdout.trim() };
}
