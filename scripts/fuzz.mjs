// Builds the libFuzzer target of native/fuzz/ with AddressSanitizer and UndefinedBehaviorSanitizer, and runs it: `npm run fuzz`, for
// a minute, or as the arguments say, which go to libFuzzer: `npm run fuzz -- -max_total_time=600`. What it has learned is kept in
// build/fuzz/corpus. Takes clang++.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, 'build', 'fuzz');
const corpus = join(folder, 'corpus');
const target = join(folder, 'reservation');
mkdirSync(corpus, { recursive: true });

const core = readdirSync(join(root, 'native')).filter((file) => file.endsWith('.cc'));
const sources = ['vm/vm_posix.cc', 'fuzz/reservation_fuzzer.cc', ...core].map((file) => join('native', file));
const flags = ['-std=c++17', '-g', '-O1', '-Wall', '-Wextra', '-fno-sanitize-recover=all'];
run('clang++', [...flags, '-fsanitize=fuzzer,address,undefined', ...sources, '-o', target], root);

const given = process.argv.slice(2);
const options = given.length > 0 ? given : ['-max_total_time=60'];
run(target, ['-max_len=400', '-print_final_stats=1', ...options, corpus], folder);

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (error?.code === 'ENOENT') {
    console.error(`This needs ${command}, which is not in PATH. On Debian: apt-get install clang libclang-rt-dev`);
    process.exit(1);
  }
  if (error !== undefined) {
    throw error;
  }
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}
