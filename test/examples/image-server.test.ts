import { type ChildProcess, execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

const FOLDER = join(__dirname, '..', '..', 'examples', 'image-server');
const VARIANTS = ['buffers', 'pool', 'arena'];

jest.setTimeout(240_000); // what takes seconds where nothing else runs

const execute = promisify(execFile);

/** What the example prints; an error with `code` and `stderr` where it fails. */
async function run(options: string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  return execute(process.execPath, [join(FOLDER, 'run.mjs'), ...options], { env: { ...process.env, ...env } });
}

describe('the comparison of image servers', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'offheap-image-server-test-'));
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('measures all variants, which give the same answers', async () => {
    const svg = join(folder, 'new', 'chart.svg');
    const load = ['--sizes', '4KiB,100KiB', '--seconds', '1', '--rounds', '1', '--connections', '2', '--settle', '1'];
    const { stdout, stderr } = await run([...load, '--variants', VARIANTS.join(','), '--svg', svg]);
    expect(stdout).toContain('All answers agree.');
    expect(stdout).toMatch(
      /^ +requests\/s +p50 +p99 +p99\.9 +CPU\/request +GCs +together +longest .* resident +after$/m,
    );
    expect(
      stdout.match(/^Dashboards: Buffers http:\/\/127\.0\.0\.1:\d+\/ {2}BufferPool http:.* {2}request arenas http:/gm),
    ).toHaveLength(2);
    expect(stdout.match(/^ {2}Buffers( +[\d.,]+( ([mµn]?s|MiB))?){11}$/gm)).toHaveLength(2);
    expect(stdout.match(/^ {2}BufferPool( +[\d.,]+( ([mµn]?s|MiB))?){11}$/gm)).toHaveLength(2);
    expect(stdout).toMatch(/^BufferPool beside Buffers:\n {2}CPU per request: 4 KiB .*, 100 KiB /m);
    expect(stdout).toMatch(/^All servers run with MALLOC_TRIM_THRESHOLD_=\d+ MALLOC_MMAP_THRESHOLD_=\d+\.$/m);
    expect(stderr).toContain('100 KiB: round 1 of 1, pool');

    const chart = readFileSync(svg, 'utf8');
    expect(chart).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" .*<\/svg>\n$/s);
    expect(chart.match(/<rect class="pool"/g)).toHaveLength(1 + 2 * 4); // in the legend, and for each size in each panel
    expect(chart).not.toMatch(/NaN|undefined|Infinity/);
  });

  it.each(VARIANTS)('endures clients that break off, dawdle and lie: %s', async (variant) => {
    const load = ['--hostile', '--seconds', '4', '--settle', '1', '--connections', '3', '--sizes', '16KiB,256KiB,4MiB'];
    const env = { OFFHEAP_LEAK_DETECTION: 'paranoid' };
    const { stdout, stderr } = await run([...load, '--variants', variant], env);
    expect(stdout).toContain('Every client had the answer that it deserves');
    expect(stdout).toMatch(/^visits of one that\n( {2}.+ [1-9][\d,]*\n){13}\n/m); // of each kind there is
    expect(stdout).toMatch(/^ {2}broken off by the client +[1-9]/m);
    expect(stdout).toMatch(/^ {2}failed +0$/m);
    expect(stdout).toMatch(variant === 'buffers' ? /^with requests .* —$/m : /^with requests .* 0\.00 MiB$/m);
    expect(stderr).not.toMatch(/warning|error/i);
  });

  it('says what can be asked', async () => {
    const { stdout } = await run(['--help']);
    expect(stdout).toMatch(/^Usage: npm run example:image-server .*--sizes <sizes>.*--hostile.*--svg <path>/s);
  });

  it.each([
    [['--sizes', '5MiB'], "Expected --sizes to be from 1KiB to 4MiB. Received '5MiB'"],
    [['--sizes', '16'], "Expected --sizes to be from 1KiB to 4MiB. Received '16'"],
    [['--sizes', '1MiB,1MiB'], 'each once'],
    [['--variants', 'buffers,other'], "Expected --variants to be some of buffers,pool,arena. Received 'buffers,other'"],
    [['--seconds', '0'], "Expected --seconds to be an integer from 1 to 3600. Received '0'"],
    [['--rounds', '1.5'], "Expected --rounds to be an integer from 1 to 99. Received '1.5'"],
    [['--malloc', 'mine'], "Expected --malloc to be one of tuned,system. Received 'mine'"],
    [['--depth', '3'], '--depth'],
  ])('refuses %j', async (options, message) => {
    await expect(run(options)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message) as string,
    });
  });
});

describe.each(VARIANTS)('an image server with %s', (variant) => {
  let server: ChildProcess;
  let url: string;

  async function ask(question: string): Promise<unknown> {
    server.send({ question, options: {} });
    const [{ result, error }] = (await once(server, 'message')) as [{ result?: unknown; error?: string }];
    expect(error).toBeUndefined();
    return result;
  }

  beforeAll(async () => {
    server = fork(join(FOLDER, 'server.mjs'), [variant, '1000'], { execArgv: [] });
    const { port } = (await ask('listen')) as { port: number };
    url = `http://127.0.0.1:${port}/`;
  });

  afterAll(async () => {
    const ended = once(server, 'exit');
    server.disconnect();
    await ended;
  });

  async function post(file: Uint8Array<ArrayBuffer>, headers = {}): Promise<Response> {
    return fetch(url, { method: 'POST', body: file, headers });
  }

  function pamOf(width: number, height: number, pixels: Uint8Array, comment = ''): Buffer<ArrayBuffer> {
    const head = `P7\n${comment}WIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
    return Buffer.concat([Buffer.from(head), pixels]);
  }

  /** The work once more, a channel at a time. */
  function softened(width: number, height: number, pixels: Uint8Array): Uint8Array {
    const mean = (a: number, b: number): number => (a + b) >> 1;
    const at = (data: Uint8Array, x: number, y: number, channel: number): number => {
      const [column, row] = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
      return data[4 * (row * width + column) + channel]!;
    };
    const through = (data: Uint8Array, dx: number, dy: number): Uint8Array =>
      data.map((value, i) => {
        const [x, y] = [(i >> 2) % width, Math.floor((i >> 2) / width)];
        return mean(mean(at(data, x - dx, y - dy, i & 3), at(data, x + dx, y + dy, i & 3)), value);
      });
    return through(through(pixels, 1, 0), 0, 1);
  }

  /** The pixels of a file, which are all that is behind the head. */
  function pixelsOf(file: Buffer): Buffer {
    return file.subarray(file.indexOf('ENDHDR\n') + 7);
  }

  it.each([
    [1, 1, ''],
    [1, 7, ''],
    [9, 1, '#\n'],
    [33, 17, '# drawn by hand\n'],
    [64, 48, '# .\n'],
    [50, 50, '# ..\n'],
    [50, 50, '# ...\n'],
  ])('softens a picture of %i × %i pixels with the comment %j', async (width, height, comment) => {
    const pixels = Uint8Array.from({ length: 4 * width * height }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
    const response = await post(pamOf(width, height, pixels, comment));
    expect(response.status).toBe(200);
    const answer = Buffer.from(await response.arrayBuffer());
    expect(answer.toString('latin1')).toMatch(
      new RegExp(`^P7\n#.*\nWIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\n`),
    );
    expect(pixelsOf(answer)).toEqual(Buffer.from(softened(width, height, pixels)));
  });

  it('compresses for those who ask for it', async () => {
    const file = pamOf(40, 30, new Uint8Array(4 * 40 * 30).fill(7));
    const response = await post(file, { 'accept-encoding': 'gzip' });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(Number(response.headers.get('content-length'))).toBeLessThan(file.length / 2);
    const answer = Buffer.from(await response.arrayBuffer()); // fetch has expanded it
    expect(pixelsOf(answer)).toEqual(pixelsOf(file));
    expect(() => gunzipSync(answer)).toThrow('incorrect header check');
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['something else', Buffer.from('P6\n1 1\n255\nabc')],
    ['a head without an end', Buffer.from('P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\n')],
    ['three channels', Buffer.from('P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\nabc')],
    ['too few pixels', Buffer.from('P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nENDHDR\nabcd')],
    ['no width', Buffer.from('P7\nWIDTH 0\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nENDHDR\n')],
    [
      'more pixels than there are numbers',
      Buffer.from('P7\nWIDTH 999999999\nHEIGHT 999999999\nDEPTH 4\nMAXVAL 255\nENDHDR\n'),
    ],
  ])('refuses %s', async (_, file) => {
    const response = await post(file);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/^Expected .*\n$/);
  });

  it('has nothing left of all that', async () => {
    const { live } = (await ask('memory')) as { live: number | null };
    expect(live).toBe(variant === 'buffers' ? null : 0);
  });
});
