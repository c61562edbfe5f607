import { randomFill } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, read, rmSync, write, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';

import { ArenaPool, type GiveBack, KiB, MiB } from '../../lib';
import { DETACHES } from '../arena/support';
import { collectGarbage } from '../support';
import { showsOnly } from './support';

// Jobs that a request has started and forgotten, and views that it has left behind, meet the requests after it.

const SIZE = 256 * KiB;
const OWN = 0x11;
const LATER = 0x22;

/** The ways that promise that jobs do no harm, with each of the endings. */
const ENDINGS: [GiveBack, boolean][] = (['auto', 'renew', 'detach'] as const).flatMap((way) =>
  [false, true].map((aborted): [GiveBack, boolean] => [way, aborted]),
);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'offheap-server-'));
  writeFileSync(join(folder, 'input'), Buffer.alloc(SIZE, 0x33));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function connected(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  server.close();
  return { near, far };
}

/** Lets requests follow that use all of a window several times, and looks whether what they write stays theirs. */
async function laterRequests(pool: ArenaPool, running: Promise<unknown>): Promise<void> {
  const state = { running: true };
  const done = running.finally(() => (state.running = false));
  for (let round = 0; state.running || round < 20; round++) {
    const arena = pool.acquire();
    const blocks = [1, 2, 3].map(() => arena.alloc(SIZE / 2)!);
    expect(blocks.every((block) => block.equals(ZEROES))).toBe(true);
    blocks.forEach((block) => block.fill(LATER));
    await new Promise((resolve) => setImmediate(resolve));
    expect(blocks.every((block) => block.equals(LATERS))).toBe(true);
    pool.release(arena, { aborted: round % 5 === 0 });
  }
  await done;
}
const ZEROES = Buffer.alloc(SIZE / 2);
const LATERS = Buffer.alloc(SIZE / 2, LATER);

describe.each(ENDINGS)('With giveBack: %s, aborted: %s,', (giveBack, aborted) => {
  const pools: ArenaPool[] = [];
  /** A request that starts a job on a block and ends at once. */
  const forget = <R>(start: (block: Buffer) => R): { pool: ArenaPool; block: Buffer; job: R } => {
    const pool = new ArenaPool({ giveBack, window: MiB });
    pools.push(pool);
    const arena = pool.acquire();
    const block = arena.alloc(SIZE)!.fill(OWN);
    const job = start(block);
    pool.release(arena, { aborted });
    return { pool, block, job };
  };
  afterEach(() => {
    pools.splice(0).forEach((pool) => {
      pool.dispose();
    });
  });

  /** What was left of the block: nothing, or what is the request's own. */
  const expectOwn = (block: Buffer, ...own: number[]): void => {
    const detached = DETACHES && (giveBack === 'detach' || (giveBack === 'auto' && !aborted));
    expect(block).toHaveLength(detached ? 0 : SIZE);
    expect(showsOnly(block, ...own)).toBe(true);
  };

  it('a forgotten fs.read writes to no later request', async () => {
    const file = openSync(join(folder, 'input'), 'r');
    const { pool, block, job } = forget((target) => promisify(read)(file, target, 0, SIZE, 0));
    await laterRequests(pool, job);
    closeSync(file);
    expectOwn(block, OWN, 0x33);
  });

  it('a forgotten fs.write writes nothing of a later request', async () => {
    const file = openSync(join(folder, `output-${giveBack}-${String(aborted)}`), 'w+');
    const { pool, job } = forget((source) => promisify(write)(file, source, 0, SIZE, 0));
    await laterRequests(pool, job);
    const written = Buffer.alloc(SIZE);
    await promisify(read)(file, written, 0, SIZE, 0);
    closeSync(file);
    expect(showsOnly(written, OWN)).toBe(true);
  });

  it('a forgotten crypto.randomFill writes to no later request', async () => {
    const { pool, job } = forget((target) => promisify(randomFill)(target));
    await laterRequests(pool, job);
  });

  it('a forgotten gzip compresses nothing of a later request', async () => {
    if (DETACHES && giveBack !== 'renew' && !(giveBack === 'auto' && aborted)) {
      return; // Node itself throws for a zlib stream whose buffer is detached: test/crash has that
    }
    const { pool, job } = forget((source) => promisify(gzip)(source));
    await laterRequests(pool, job);
    expect(showsOnly(gunzipSync(await job), OWN)).toBe(true);
  });

  it('a socket that is not read from sends nothing of a later request', async () => {
    const { near, far } = await connected();
    far.pause();
    const { pool } = forget((source) => {
      for (let i = 0; i < 40; i++) {
        near.write(source); // more than the kernel takes while nobody reads
      }
      near.end();
    });
    const bytes: Buffer[] = [];
    far.on('data', (chunk: Buffer) => bytes.push(chunk));
    const received = once(far, 'end');
    setTimeout(() => far.resume(), 50);
    await laterRequests(pool, received);
    const all = Buffer.concat(bytes);
    // What Node has not handed to the system when the source is detached has no bytes left.
    expect(all.length).toBeGreaterThan(0);
    expect(all.length).toBeLessThanOrEqual(40 * SIZE);
    expect(showsOnly(all, OWN)).toBe(true);
  });

  it('whoever takes a buffer away gets nothing of a later request, and gives nothing to it', async () => {
    const {
      pool,
      block,
      job: thief,
    } = forget((source) => {
      const stream = new ReadableStream({
        type: 'bytes',
        start(controller) {
          controller.enqueue(source);
        },
      });
      return stream.getReader().read();
    });
    const { value } = (await thief) as { value: Uint8Array };
    const whole = new Uint8Array(value.buffer);
    await laterRequests(pool, Promise.resolve());
    expect(showsOnly(whole, OWN)).toBe(true);
    whole.fill(0x44);
    await laterRequests(pool, Promise.resolve());
    expect(block).toHaveLength(0);
  });

  it('stale views, of the whole buffer too, show nothing of a later request, and write to none', async () => {
    const { pool, block, job } = forget((own) => new Uint8Array(own.buffer));
    await laterRequests(pool, Promise.resolve());
    expectOwn(block, OWN);
    expect(showsOnly(job, OWN)).toBe(true);
    for (let i = 0; i < job.length; i++) {
      job[i] = 0x44; // fill() throws for what is detached
    }
    await laterRequests(pool, Promise.resolve());
  });

  it('views of a hundred requests keep their own bytes, or none, while memory goes round', () => {
    const pool = new ArenaPool({ giveBack, window: 64 * KiB });
    pools.push(pool);
    const views: { view: Buffer; own: number }[] = [];
    for (let round = 0; round < 100; round++) {
      const arena = pool.acquire();
      const own = 1 + (round % 200);
      for (const size of [100, 3000, 9000]) {
        views.push({ view: arena.alloc(size)!.fill(own), own });
      }
      pool.release(arena, { aborted });
      if (round % 30 === 0) {
        collectGarbage();
      }
      expect(views.every(({ view, own: byte }) => showsOnly(view, byte))).toBe(true);
    }
    expect(pool.stats.renews).toBeGreaterThan(5);
  });
});

describe('With giveBack: reset', () => {
  it('stale views are empty, or show nothing of a later request', async () => {
    using pool = new ArenaPool({ giveBack: 'reset', window: MiB });
    for (const aborted of [false, true]) {
      const arena = pool.acquire();
      const block = arena.alloc(SIZE)!.fill(OWN);
      pool.release(arena, { aborted });
      await laterRequests(pool, Promise.resolve());
      expect(block).toHaveLength(DETACHES ? 0 : SIZE);
      expect(showsOnly(block, OWN)).toBe(true);
    }
  });

  it('memory that somebody has taken away is not used again before it was moved', async () => {
    using pool = new ArenaPool({ giveBack: 'reset', window: MiB });
    const arena = pool.acquire();
    const stream = new ReadableStream({
      type: 'bytes',
      start(controller) {
        controller.enqueue(arena.alloc(SIZE)!.fill(OWN));
      },
    });
    const { value } = (await stream.getReader().read()) as { value: Uint8Array };
    arena.alloc(10); // on another exposure of the same memory
    pool.release(arena);
    await laterRequests(pool, Promise.resolve());
    expect(showsOnly(new Uint8Array(value.buffer), OWN)).toBe(true);
  });
});

describe('A request', () => {
  it('sees no other request through the ArrayBuffer of its blocks, nor through arena.buffer', () => {
    using pool = new ArenaPool();
    const before = pool.acquire();
    before.alloc(100)!.fill(OWN);
    pool.release(before);
    const arena = pool.acquire();
    const block = arena.alloc(100)!;
    expect(block.byteOffset).toBe(0);
    for (const buffer of [block.buffer, arena.buffer, arena.views.u8.buffer]) {
      expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
    }
    pool.release(arena);
  });
});
