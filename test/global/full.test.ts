import { IMPORT, program, run, warningsIn } from './support';

const onLinux = process.platform === 'linux' ? it : it.skip;
/** Elsewhere there is no size that is the largest, and that a machine has. */
const onNode20 = process.version.startsWith('v20.') ? it : it.skip;

interface Filled {
  answer: Record<string, unknown>;
  warnings: string[];
}

async function filled(way: string, size: string, flags = IMPORT): Promise<Filled> {
  const { code, stdout, stderr } = await run([...flags, program('full.cjs'), way], { OFFHEAP_GLOBAL_SIZE: size });
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  const answer = JSON.parse(stdout) as Record<string, unknown>;
  return { answer, warnings: warningsIn(stderr) };
}

describe('offheap/global', () => {
  it('that is full goes on with Buffers of Node.js, and says once what to set', async () => {
    const { answer, warnings } = await filled('alone', '1m');
    expect(answer['right']).toBe(true);
    expect(answer['routed']).toBeGreaterThan(55); // 64 of 16 KiB, less what the loader has read by them
    expect(answer['routed']).toBeLessThanOrEqual(64);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('OffheapWarning: offheap/global: ');
    expect(warnings[0]).toMatch(/ of 1 MiB are taken, and a Buffer of 16 KiB has no room.* OFFHEAP_GLOBAL_SIZE=2m$/);
  });

  it('that has room says nothing', async () => {
    const { answer, warnings } = await filled('alone', '8m');
    expect([answer, warnings]).toEqual([{ right: true, routed: 300 }, []]);
  });

  it('still serves smaller Buffers as long as they have room', async () => {
    const { answer, warnings } = await filled('smaller', '1270k');
    expect(answer).toEqual({ large: [true, true, true, false], middle: [true], small: [true, false], last: [true] });
    expect(warnings).toHaveLength(1);
  });

  it('that several threads fill warns once for all', async () => {
    const { answer, warnings } = await filled('threads', '4m');
    expect(answer['right']).toBe(true);
    expect(answer['routed']).toBeGreaterThan(200); // of 256; threads lose the ends of their chunks
    expect(answer['routed']).toBeLessThanOrEqual(256);
    expect(warnings).toHaveLength(1);
  });

  onLinux('that the system refuses addresses goes on with Buffers of Node.js, and warns once', async () => {
    const { answer, warnings } = await filled('addresses', '4g', []);
    expect(answer).toEqual({ right: true, routed: 0 });
    expect(warnings).toEqual([
      expect.stringMatching(/ENOMEM: no room for 4 GiB, reserve\. Buffers come from Node\.js$/),
    ]);
  });

  it('that the system refuses memory does not ask for a larger size, and warns once', async () => {
    const { answer, warnings } = await filled('memory', '1g', []);
    expect(answer).toEqual({ right: true, routed: 0 });
    expect(warnings).toEqual([
      expect.stringMatching(/: the system has no memory for a Buffer of .* come from Node\.js$/),
    ]);
  });

  it.each([IMPORT, ['-r', 'offheap/global']])(
    'warns, too, where the program ends in the same turn, by %s',
    async (...flags) => {
      const { warnings } = await filled('ending', '1m', flags);
      expect(warnings).toEqual([expect.stringContaining('OFFHEAP_GLOBAL_SIZE=2m')]);
      expect(
        await run(['--no-warnings', ...flags, program('full.cjs'), 'ending'], { OFFHEAP_GLOBAL_SIZE: '1m' }),
      ).toEqual({
        ...{ code: 0, stdout: '{}\n', stderr: '' },
      });
    },
  );

  it('is not full, and does not say so, where sizes were asked for that no Buffer can have', async () => {
    const { answer, warnings } = await filled('impossible', '1m');
    expect([answer, warnings]).toEqual([{ served: false, routed: true }, []]);
  });

  it('recommends a size that it takes', async () => {
    const code = `for (let i = 0; i < 4; i++) Buffer.allocUnsafe(2 ** 30);`;
    const { stderr } = await run([...IMPORT, '-e', code], { OFFHEAP_GLOBAL_SIZE: '3g' });
    const [, size] = /OFFHEAP_GLOBAL_SIZE=(\w+)$/m.exec(stderr) ?? [];
    expect(size).toBe(process.version.startsWith('v20') ? '4g' : '6g'); // Node 20 has no larger ArrayBuffers
    expect(await run([...IMPORT, '-e', code], { OFFHEAP_GLOBAL_SIZE: size! })).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  onNode20('recommends no size where there is no larger one', async () => {
    const code = `for (let i = 0; i < 5; i++) Buffer.allocUnsafe(2 ** 30);`;
    const { stderr } = await run([...IMPORT, '-e', code], { OFFHEAP_GLOBAL_SIZE: '4g' });
    expect(warningsIn(stderr)).toEqual([expect.stringMatching(/ has no room: .* come from Node\.js$/)]);
  });
});
