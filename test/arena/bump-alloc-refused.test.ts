import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { GiB } from '../../lib';

/** `prlimit` and its limits are Linux's. */
const onLinux = process.platform === 'linux' ? it : it.skip;

interface Tried {
  readonly answers: unknown[];
  /** Milliseconds. */
  readonly slowest: number;
  readonly changed: boolean;
}

function run(what: string): Record<string, unknown> & { refused: Tried } {
  const script = join(__dirname, 'bump-alloc-refused.cjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, what], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as ReturnType<typeof run>;
}

describe('A BumpAlloc', () => {
  onLinux('that is refused addresses says so each time, loses nothing, and has them when there are some', () => {
    const { refused, small, rest, allocated } = run('reserve');
    const error = ['ERR_OFFHEAP_OS', 'reserve', -12, 'ENOMEM: no room for 4 GiB, reserve'];
    expect(refused.answers).toEqual(Array(14).fill(error));
    expect([refused.changed, refused.slowest < 1000]).toEqual([false, true]);
    expect([small, rest, allocated]).toEqual([8, [0, 8, 7], 2 * GiB + 8]);
  });

  onLinux('that is refused memory is full until there is some, and loses nothing', () => {
    const { refused, ...rest } = run('commit');
    expect(refused.answers).toEqual(Array(2).fill([null, null, -1, null, null, null]).flat());
    expect([refused.changed, refused.slowest < 1000]).toEqual([false, true]);
    expect(rest).toEqual({ taken: 200, isNext: true, intact: true, growsInPlace: true });
  });
});
