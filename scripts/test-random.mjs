// Drives the whole public API by chance, with an addon whose system refuses memory by chance:
//
//   npm run test:random -- [--seed n] [--steps 100000] [--runs 1] [--permille 20] [--asan]
//
// Prints the seed first. The same seed does the same again, but for what other threads do meanwhile. Takes g++, on Linux.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { buildVariant, makeTree, SANITIZERS } from './build-variant.mjs';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    steps: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '1' },
    permille: { type: 'string', default: '20' },
    asan: { type: 'boolean', default: false },
  },
});
const number = (name) => {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 0) {
    console.error(`--${name} takes a whole number. Received ${values[name]}`);
    process.exit(1);
  }
  return value;
};
const { compile, link, env } = values.asan ? SANITIZERS.asan : { compile: '', link: '', env: () => ({}) };
const name = values.asan ? 'random-asan' : 'random';
const addon = buildVariant(name, { compile: `${compile} -include ../native/test/faulty_vm.h`, link });
const tree = makeTree(name, addon, ['test/random']);

for (let run = 0; run < number('runs'); run++) {
  const seed = values.seed === undefined ? randomInt(2 ** 32) : number('seed') + run;
  console.log(`--seed ${seed}`);
  const faults = join(tree, 'faults');
  writeFileSync(faults, new Uint8Array(Uint32Array.of(0, seed, 0, 0).buffer));
  const args = ['--expose-gc', 'test/random/run.cjs', seed, values.steps, values.permille].map(String);
  const { status, signal } = spawnSync(process.execPath, args, {
    cwd: tree,
    stdio: 'inherit',
    env: { ...process.env, ...env(), OFFHEAP_FAULTS: faults },
  });
  if (status !== 0) {
    console.error(
      `Ended with ${signal ?? status}. Again: npm run test:random -- --seed ${seed} --steps ${values.steps}`,
    );
    process.exit(1);
  }
}
