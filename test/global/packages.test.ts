import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '../..');
const MODULES = join(ROOT, 'node_modules');
const TAPE = join(MODULES, 'tape/bin/tape');

/** Its other tests want a database. */
const MSGPACK5 = readdirSync(join(MODULES, 'msgpack5/test'))
  .filter((file) => !file.includes('levelup'))
  .map((file) => join(MODULES, 'msgpack5/test', file));

/** With how many Buffers each makes at least, so that one that stops using them does not go unnoticed. */
const SUITES: readonly (readonly [name: string, least: number, args: readonly string[]])[] = [
  ['mqtt-packet', 50_000, [join(MODULES, 'mqtt-packet/test.js')]],
  ['msgpack5', 5_000, [TAPE, ...MSGPACK5]],
  ['busboy', 100, [join(MODULES, 'busboy/test/test.js')]],
  ['bl', 50, [join(MODULES, 'bl/test/test.js')]],
];

/** Packages that live on Buffers, by their own tests. */
describe('With offheap/global, the tests', () => {
  it.each(SUITES)(
    'of %s pass',
    async (_name, least, args) => {
      const env = { ...process.env, NODE_OPTIONS: '--import=offheap/global', OFFHEAP_GLOBAL_STATS: '1' };
      const options = { cwd: ROOT, env, maxBuffer: 2 ** 26 };
      const { stderr } = await promisify(execFile)(process.execPath, [...args], options);
      const counts = [...stderr.matchAll(/Buffers from offheap +([\d,]+)/g)];
      const most = Math.max(...counts.map(([, count]) => Number(count!.replaceAll(',', ''))));
      expect(most).toBeGreaterThanOrEqual(least);
      expect(stderr).not.toMatch(/Buffers refused +[1-9]/);
    },
    60_000,
  );
});
