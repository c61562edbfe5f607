import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const RUN = join(__dirname, '..', '..', 'examples', 'path-tracer', 'run.mjs');
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

const execute = promisify(execFile);

/** What the example prints; an error with `code` and `stderr` where it fails. */
async function run(...options: string[]): Promise<string> {
  const { stdout } = await execute(process.execPath, [RUN, ...options]);
  return stdout;
}

describe('the path tracer', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'offheap-path-tracer-test-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('renders the same picture in all variants', async () => {
    const out = join(folder, 'new', 'tiny.png');
    const size = ['--width', '24', '--height', '14', '--samples', '3', '--workers', '2'];
    const stdout = await run(...size, '--variants', 'offheap,objects,reused', '--out', out);

    const png = readFileSync(out);
    expect(png.subarray(0, 8)).toEqual(SIGNATURE);
    expect(png.toString('latin1', 12, 16)).toBe('IHDR');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([24, 14]);

    expect(stdout).toContain('The pictures are equal, bit for bit.');
    expect(stdout).toContain(`Picture: ${out}`);
    expect(stdout).toMatch(/^ +offheap +objects +objects, reused$/m);
    for (const line of [
      'seconds',
      'rays per second',
      'allocations',
      'resets per second',
      'garbage collections',
      'their pauses together',
      'the longest',
    ]) {
      expect(stdout).toMatch(new RegExp(`^${line} {2,}\\S`, 'm'));
    }
  });

  it('renders the same picture whatever the number of workers', async () => {
    const pictures = ['1', '3'].map(async (workers) => {
      const out = join(folder, `${workers}.png`);
      const size = ['--width', '9', '--height', '7', '--samples', '2', '--workers', workers];
      expect(await run(...size, '--variants', 'offheap', '--out', out)).not.toContain('equal');
      return readFileSync(out);
    });
    const [one, three] = await Promise.all(pictures);
    expect(one).toEqual(three);
  });

  it('says what can be asked', async () => {
    expect(await run('--help')).toMatch(/^Usage: npm run example:path-tracer .*--samples <count>.*--out <path>/s);
  });

  it.each([
    [['--width', '0'], "Expected --width to be an integer from 1 to 4096. Received '0'"],
    [['--samples', '1.5'], "Expected --samples to be an integer from 1 to 65536. Received '1.5'"],
    [['--workers', 'many'], "Expected --workers to be an integer from 1 to 64. Received 'many'"],
    [
      ['--variants', 'offheap,other'],
      "Expected --variants to be some of offheap,objects,reused, each once. Received 'of",
    ],
    [['--variants', 'objects,objects'], 'each once'],
    [['--depth', '3'], '--depth'],
  ])('refuses %j', async (options, message) => {
    await expect(run(...options)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message) as string,
    });
  });
});
