import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';

const RUN = join(__dirname, '..', '..', 'examples', 'load-lines', 'run.mjs');
const SMALL = ['--megabytes', '1', '--runs', '1'];

const execute = promisify(execFile);

describe('the loader of lines', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'offheap-load-lines-test-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the example prints; an error with `code` and `stderr` where it fails. Files of its own making are in our folder. */
  async function run(...options: string[]): Promise<string> {
    const env = { ...process.env, TMPDIR: folder, TEMP: folder, TMP: folder };
    const { stdout } = await execute(process.execPath, [RUN, ...options], { env });
    return stdout;
  }

  it.each([
    ['orders-1.jsonl', []],
    ['orders-1.jsonl.gz', ['--gzip']],
  ])('makes %s and finds the same in it both ways', async (name, options) => {
    const stdout = await run(...SMALL, ...options);
    const made = readFileSync(join(folder, 'offheap-load-lines', name));
    const lines = (name.endsWith('.gz') ? gunzipSync(made) : made).toString().trimEnd().split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({ id: 0, items: expect.any(Array) as unknown });
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ id: lines.length - 1 });

    expect(stdout).toContain(
      `${name}: ${lines.length.toLocaleString('en')} lines, 1 MiB. Node.js ${process.version}, median of 1`,
    );
    expect(stdout).toContain('Both hold the same lines.');
    expect(stdout).toMatch(/^ +Node\.js +offheap\/global$/m);
    for (const line of [
      'time to load',
      'CPU time',
      'garbage collections',
      'their pauses together',
      'the longest',
      'resident after loading',
      'resident, at most',
      'CPUs used by other programs',
    ]) {
      expect(stdout).toMatch(new RegExp(`^${line} {2,}\\S`, 'm'));
    }
  });

  it('takes the file that is there the next time, and leaves nothing unfinished', async () => {
    await run(...SMALL);
    const made = join(folder, 'offheap-load-lines', 'orders-1.jsonl');
    writeFileSync(made, '{"id":1,"items":[]}\n{"id":2,"items":[]}\n');
    expect(await run(...SMALL)).toContain(': 2 lines, 0 MiB.');
    expect(readdirSync(join(folder, 'offheap-load-lines')).filter((name) => name.includes('unfinished'))).toEqual([]);
    rmSync(made);
  });

  it.each([
    ['mine.jsonl', '{"id":1,"items":[]}\n{"id":2,"items":[5]}\n', 2],
    ['no-last-end.jsonl', '{"id":1,"items":[]}\n{"id":2,"items":[5]}', 2],
    ['long.jsonl', `{"id":1,"items":["${'x'.repeat(300_000)}"]}\n{"id":2,"items":[]}\n`.repeat(3), 6],
    ['empty.jsonl', '', 0],
    ['mine.jsonl.gz', '{"id":1,"items":[]}\n'.repeat(1000), 1000],
  ])('loads a file of yours: %s', async (name, text, count) => {
    const file = join(folder, name);
    writeFileSync(file, name.endsWith('.gz') ? gzipSync(text) : text);
    const stdout = await run('--file', file, '--runs', '1');
    expect(stdout).toContain(`${file}: ${count.toLocaleString('en')} lines, `);
    expect(stdout).toContain('Both hold the same lines.');
  });

  it('says what is wrong with a file that is not there', async () => {
    const file = join(folder, 'missing.jsonl');
    await expect(run('--file', file)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('ENOENT') as string,
    });
  });

  it('says what can be asked', async () => {
    expect(await run('--help')).toMatch(
      /^Usage: npm run example:load-lines .*--file <path>.*--megabytes <count>.*--gzip.*--runs/s,
    );
  });

  it.each([
    [['--megabytes', '0'], "Expected --megabytes to be an integer from 1 to 16384. Received '0'"],
    [['--megabytes', '1.5'], "Expected --megabytes to be an integer from 1 to 16384. Received '1.5'"],
    [['--runs', 'many'], "Expected --runs to be an integer from 1 to 99. Received 'many'"],
    [['--runs', '100'], "Expected --runs to be an integer from 1 to 99. Received '100'"],
    [['--file'], '--file'],
    [['--gzip=yes'], '--gzip'],
    [['--depth', '3'], '--depth'],
    [['file.jsonl'], 'file.jsonl'],
  ])('refuses %j', async (options, message) => {
    await expect(run(...options)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message) as string,
    });
  });
});
