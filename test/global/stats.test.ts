import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { IMPORT, program, ROOT, run } from './support';

const onLinux = process.platform === 'linux' ? it : it.skip;

const STATS = { OFFHEAP_GLOBAL_STATS: '1', OFFHEAP_GLOBAL_SIZE: '16m' };
const FORM = new RegExp(
  [
    'offheap/global:',
    ' {2}Buffers from offheap {2}([\\d,]+) \\(([\\d.]+ (?:B|[KM]iB))\\)',
    ' {2}Buffers refused {7}([\\d,]+)(: set OFFHEAP_GLOBAL_SIZE to more)?',
    ' {2}memory taken {10}[\\d.]+ (?:B|[KM]iB) of 16 MiB \\(\\d+ %\\)',
    ' {2}resident {14}[\\d.]+ (?:B|[KM]iB)\n',
  ].join('\n'),
);

/** The counts in the summary of a program, and those of the same program when it makes nothing: Node.js itself makes some. */
async function countsOf(made: number, large: number, ...rest: string[]): Promise<{ made: number; refused: number }> {
  const [counted, ground] = await Promise.all(
    [
      [made, large],
      [0, 0],
    ].map(async ([some, others]) => {
      const args = ['--made', String(some), '--large', String(others), ...rest];
      const { stderr, stdout } = await run(['--no-warnings', ...IMPORT, program('counted.cjs'), ...args], STATS);
      expect([stdout, stderr]).toEqual(['', expect.stringMatching(FORM)]);
      const [, buffers, , refused, hint] = FORM.exec(stderr)!;
      expect(hint !== undefined).toBe(others! > 0);
      return { made: Number(buffers!.replaceAll(',', '')), refused: Number(refused!.replaceAll(',', '')) };
    }),
  );
  return { made: counted!.made - ground!.made, refused: counted!.refused - ground!.refused };
}

describe('OFFHEAP_GLOBAL_STATS=1', () => {
  it('prints what was made', async () => {
    expect(await countsOf(1234, 0)).toEqual({ made: 1234, refused: 0 });
  });

  it('prints what had no room', async () => {
    expect(await countsOf(10, 7)).toEqual({ made: 10, refused: 7 });
  });

  it('counts what workers did that have ended, by themselves or by process.exit()', async () => {
    expect(await countsOf(100, 2, '--workers', '3')).toEqual({ made: 400, refused: 8 });
  });

  it('counts what workers did that have an environment of their own', async () => {
    const code = `
      const { Worker } = require('node:worker_threads');
      new Worker('for (let i = 0; i < 123; i++) Buffer.allocUnsafe(1000)', { eval: true, env: {} });`;
    const { stderr } = await run(['-r', 'offheap/global', '-e', code], STATS);
    expect(Number(FORM.exec(stderr)?.[1])).toBeGreaterThanOrEqual(123);
  });

  it('prints once where a program emits `exit` itself', async () => {
    const code = `Buffer.allocUnsafe(1000); process.emit('exit', 0);`;
    const { stderr } = await run(['-r', 'offheap/global', '-e', code], STATS);
    expect(stderr.match(/offheap\/global:/g)).toHaveLength(1);
  });

  it('prints it at process.exit(), too, and when the program fails', async () => {
    expect(await countsOf(5, 0, '--end', 'exit')).toEqual({ made: 5, refused: 0 });
    expect(await countsOf(5, 0, '--end', 'throw')).toEqual({ made: 5, refused: 0 });
  });

  it('prints the exact bytes of what was made by hand', async () => {
    const code = `
      const { BumpAlloc, MiB } = require('offheap');
      const { installGlobal, uninstall } = require('offheap/global');
      uninstall();
      installGlobal(BumpAlloc.withSize(16 * MiB));
      Buffer.allocUnsafe(1024 * 1024);
      Buffer.concat([Buffer.alloc(5)], 512 * 1024);
      [0, -1, NaN, '5', 2.5].forEach((size) => { try { Buffer.allocUnsafe(size); } catch {} });`;
    const { stderr } = await run(['-e', code], STATS);
    expect(stderr).toMatch(FORM);
    expect(stderr).toContain('  Buffers from offheap  2 (1.5 MiB)\n  Buffers refused       0\n');
    expect(stderr).toContain('  memory taken          1.5 MiB of 16 MiB (9 %)\n');
  });

  it('counts what a worker did that ended before another BumpAlloc was installed', async () => {
    const args = ['--made', '100', '--workers', '1', '--end', 'switch'];
    const { stderr } = await run([...IMPORT, program('counted.cjs'), ...args], STATS);
    expect(Number(FORM.exec(stderr)?.[1])).toBeGreaterThanOrEqual(200);
  });

  it('does not count as refused what Node.js refuses', async () => {
    const code = `[2 ** 53 - 1, 2 ** 53].forEach((size) => { try { Buffer.allocUnsafe(size); } catch {} });`;
    const { stderr } = await run(['--no-warnings', ...IMPORT, '-e', code], STATS);
    expect(stderr).toContain('  Buffers refused       0\n');
  });

  it('does not count as refused what was made while nothing was installed', async () => {
    const code = `
      const { installGlobal, uninstall } = require('offheap/global');
      const ours = Buffer.allocUnsafe;
      Buffer.allocUnsafe = (size) => ours(size);
      uninstall();
      Buffer.allocUnsafe(100);
      installGlobal();`;
    const { stderr } = await run(['-e', code], STATS);
    expect(stderr).toContain('  Buffers refused       0\n');
  });

  it.each([[{ ...STATS, OFFHEAP_GLOBAL_STATS: '0' }], [{ ...STATS, OFFHEAP_GLOBAL_STATS: '' }], [{}]])(
    'prints nothing with %j',
    async (env) => {
      const { code, stdout, stderr } = await run(
        [...IMPORT, program('counted.cjs'), '--made', '9', '--workers', '1'],
        env,
      );
      expect([code, stdout, stderr]).toEqual([0, '', '']);
    },
  );

  it('prints nothing where nothing is installed at the end, and nothing twice', async () => {
    expect(await run([...IMPORT, program('counted.cjs'), '--end', 'uninstall'], STATS)).toMatchObject({ stderr: '' });
    const code = `
      const { installGlobal, uninstall } = require('offheap/global');
      for (let i = 0; i < 5; i++) { uninstall(); installGlobal(); installGlobal(); }`;
    const { stderr } = await run(['-e', code], STATS);
    expect(stderr.match(/offheap\/global:/g)).toHaveLength(1);
  });

  it('does not make a program fail whose stderr nobody reads any more', async () => {
    const child = spawn(process.execPath, [...IMPORT, '-e', 'setTimeout(() => {}, 300)'], {
      cwd: ROOT,
      env: { ...process.env, ...STATS },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.destroy();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  onLinux('does not make a program fail whose stderr is full when it ends', async () => {
    // One pipe of 64 KiB, which is read a second later.
    const code = `process.stderr.write('x'.repeat(65536))`;
    const command = `{ "$0" --import offheap/global -e "${code}"; echo $?; } 2>&1 >&3 | { sleep 1; cat >&2; }`;
    const child = spawn('sh', ['-c', `exec 3>&1; ${command}`, process.execPath], {
      cwd: ROOT,
      env: { ...process.env, ...STATS },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(await text(child.stdout)).toBe('0\n');
  });

  it('keeps the exit code', async () => {
    const { code } = await run([...IMPORT, '-e', 'process.exitCode = 7'], STATS);
    expect(code).toBe(7);
  });
});
