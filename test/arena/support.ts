import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { BumpArena, BumpArenaLazy, KiB } from '../../lib';

/** What holds for one arena holds for the other; every suite that says so runs on both. */
export const ARENAS = [
  ['BumpArena', BumpArena],
  ['BumpArenaLazy', BumpArenaLazy],
] as const;

/** The ways to end everything that is in an arena. */
export const WAYS: [string, (arena: BumpArena) => void][] = [
  [
    'reset',
    (arena) => {
      arena.reset();
    },
  ],
  [
    'renew',
    (arena) => {
      arena.renew();
    },
  ],
  [
    'renew({ detach })',
    (arena) => {
      arena.renew({ detach: true });
    },
  ],
  [
    'resetUnsafe',
    (arena) => {
      arena.resetUnsafe();
    },
  ],
  [
    'dispose',
    (arena) => {
      arena.dispose();
    },
  ],
];

/** Node 20 cannot detach; there `reset()` and `renew({ detach: true })` are `renew()`. */
export const DETACHES = Number(process.versions.node.split('.')[0]) >= 22;

/** The code of the error that `fn` throws. */
export function codeOf(fn: () => unknown): string | undefined {
  try {
    fn();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** What a script prints as JSON in a process that may write to so many bytes more than Node does without doing anything. */
export function runWithSpareMemory(spare: number, script: string): unknown {
  const status = 'fs.readFileSync("/proc/self/status", "utf8")';
  const used = spawnSync(process.execPath, ['-p', `/VmData:\\s*(\\d+)/.exec(${status})[1]`], { encoding: 'utf8' });
  const limit = `ulimit -d ${Number(used.stdout) + spare / KiB} && exec "$0" "$@"`;
  const command = [process.execPath, '--expose-gc', join(__dirname, script)];
  const { status: code, stdout, stderr } = spawnSync('sh', ['-c', limit, ...command], { encoding: 'utf8' });
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}
