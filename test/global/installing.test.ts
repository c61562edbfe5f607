import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { answerOf, IMPORT, program, ROOT, run } from './support';

/** What `require.resolve('offheap/global')` answers. */
const BY_PATH = join(ROOT, 'dist', 'global', 'index.js');
/** The flag has this name from Node 24 on. */
const withPermissions = Number(process.versions.node.split('.')[0]) >= 24 ? it : it.skip;

const SIZES = './test/global/programs/sizes.cjs';
const BOTH = "['alloc', 'allocUnsafe', 'allocUnsafeSlow', 'concat', 'from'].map((name) => Buffer[name])";

describe('offheap/global', () => {
  it.each([
    ['--import', [...IMPORT, program('sizes.cjs')]],
    ['-r', ['-r', 'offheap/global', program('sizes.cjs')]],
    ['import', ['--input-type=module', '-e', `import 'offheap/global'; await import('${SIZES}');`]],
    ['require', ['-e', `require('offheap/global'); require('${SIZES}');`]],
  ])(
    'by %s serves Buffers of all sizes, one behind the other and all zero, even after used ones',
    async (_way, args) => {
      const answer = await answerOf(['--expose-gc', ...args]);
      expect(answer).toEqual({ routed: true, clean: true, cleanAgain: true, none: [0, 0, 0] });
    },
  );

  it('is noticed by this test', async () => {
    const answer = await answerOf(['--expose-gc', program('sizes.cjs')]);
    expect(answer).toMatchObject({ routed: false, clean: false });
  });

  it('serves Buffers from the BumpAlloc that it is given', async () => {
    const answer = await answerOf([program('owner.cjs')]);
    expect(answer).toEqual({ before: [false, false], allocUnsafe: true, concat: true, fallen: [], account: true });
  });

  it('leaves the other functions alone, and those two look like them', async () => {
    const code = (use: string): string => `
      const before = ${BOTH};
      const looks = () => ${BOTH}.map(({ name, length }) => [name, length]).concat(
        ['allocUnsafe', 'concat'].map((name) => ({ ...Object.getOwnPropertyDescriptor(Buffer, name), value: 0 })));
      const [names, keys] = [JSON.stringify(looks()), Reflect.ownKeys(Buffer).length];
      ${use}
      const same = ${BOTH}.map((each, i) => each === before[i]);
      console.log(JSON.stringify([same, JSON.stringify(looks()) === names, Reflect.ownKeys(Buffer).length === keys]));`;
    // Where Node's concat uses allocUnsafe, it stays.
    const routed = [[true, false, true, expect.any(Boolean), true], true, true];
    expect(await answerOf(['-e', code("require('offheap/global');")])).toEqual(routed);
    const untouched = [Array(5).fill(true), true, true];
    expect(await answerOf(['-e', code("require('offheap');")])).toEqual(untouched);
    expect(await answerOf(['-e', code("require('offheap').BumpAlloc.withSize(1000).alloc(10);")])).toEqual(untouched);
  });

  it('is not installed by importing offheap', async () => {
    const code = `const before = Buffer.allocUnsafe; await import('offheap'); console.log(before === Buffer.allocUnsafe)`;
    expect(await answerOf(['--input-type=module', '-e', code])).toBe(true);
  });

  it.each([[IMPORT], [['-r', 'offheap/global']]])('by %j reserves nothing before the first Buffer', async (flags) => {
    const code = `
      const { kinds } = require('offheap').memoryUsage();
      Buffer.allocUnsafe(1);
      console.log(JSON.stringify([kinds, require('offheap').memoryUsage().kinds].map(({ bumpAlloc }) => bumpAlloc.reserved)))`;
    const [before, after] = await answerOf<number[]>([...flags, '-e', code]);
    expect(before).toBe(0);
    expect(after).toBeGreaterThanOrEqual(2 ** 30);
  });

  it.each([
    ['NODE_OPTIONS', [], { NODE_OPTIONS: `--require=${BY_PATH}` }],
    ['-r', ['-r', BY_PATH], {}],
    ['--import', ['--import', pathToFileURL(BY_PATH.replace(/js$/, 'mjs')).href], {}],
  ])('by its path in %s serves a program that goes to another folder, and its workers', async (_way, flags, env) => {
    const worker = `require('node:worker_threads').parentPort.postMessage(Buffer.allocUnsafe(70001).buffer.byteLength)`;
    const code = `
      process.chdir(require('node:os').tmpdir());
      require('node:fs').writeFileSync(process.argv[1], ${JSON.stringify(worker)});
      new (require('node:worker_threads').Worker)(process.argv[1]).on('message', (length) => {
        console.log(JSON.stringify([Buffer.allocUnsafe(70001).buffer.byteLength, length].map((each) => each > 70001)));
      });`;
    const folder = mkdtempSync(join(tmpdir(), 'offheap-global-'));
    try {
      expect(await answerOf([...flags, '-e', code, join(folder, 'worker.cjs')], env)).toEqual([true, true]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  withPermissions('needs --allow-addons under --permission, and says so', async () => {
    const args = [
      '--no-warnings',
      '--permission',
      '--allow-fs-read=*',
      ...IMPORT,
      '-p',
      'Buffer.allocUnsafe(70001).length',
    ];
    const refused = await run(args);
    expect([refused.code, refused.stderr.includes('--allow-addons')]).toEqual([1, true]);
    expect(await run(['--allow-addons', ...args])).toEqual({ code: 0, stdout: '70001\n', stderr: '' });
  });

  it('keeps no process alive, and says nothing', async () => {
    const start = Date.now();
    expect(await run([...IMPORT, '-e', 'Buffer.allocUnsafe(9)'])).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(Date.now() - start).toBeLessThan(5000);
  });

  it('exports two functions, the same ones by import and by require', async () => {
    const code = `
      import { createRequire } from 'node:module';
      import * as imported from 'offheap/global';
      const required = createRequire(import.meta.url)('offheap/global');
      console.log(JSON.stringify(Object.keys(required).map((name) => [name, imported[name] === required[name]])))`;
    expect(await answerOf<[string, boolean][]>(['--input-type=module', '-e', code])).toEqual([
      ['installGlobal', true],
      ['uninstall', true],
    ]);
  });
});
