import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

import { BufferPool, BumpArenaLazy, KiB, MiB, onread, type Onread } from '../../lib';
import { codeOf } from '../arena/support';

const SENT = Buffer.from(Array.from({ length: 300 * KiB }, (_, i) => (i * 11) % 253));

/** Has a server send bytes to a socket that reads by `reads`. */
async function receive(reads: Onread): Promise<void> {
  const server = createServer((socket) => socket.end(SENT)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', onread: reads });
  await once(socket, 'close');
  reads.release();
  server.close();
}

describe('onread', () => {
  it('lets a socket read into blocks of an arena, which is pinned until the end', async () => {
    using arena = new BumpArenaLazy(16 * MiB);
    const blocks: Buffer[] = [];
    let lengths = true;
    const reads = onread(arena, (bytesRead, block) => {
      lengths &&= block.length === bytesRead && arena.owns(block);
      blocks.push(block);
    });
    expect(
      codeOf(() => {
        arena.reset();
      }),
    ).toBe('ERR_OFFHEAP_PINNED');
    await receive(reads);
    expect(lengths).toBe(true);
    expect(Buffer.concat(blocks).equals(SENT)).toBe(true);
    // Each read has taken what has come, and the last one a block that was not read into.
    expect(arena.used).toBeLessThanOrEqual(SENT.length + 8 * blocks.length + 64 * KiB);
    reads.release();
    arena.reset();
  });

  it('lets Node help out when the arena is full', async () => {
    using arena = new BumpArenaLazy(100 * KiB);
    const copies: Buffer[] = [];
    await receive(onread(arena, (_bytesRead, block) => copies.push(Buffer.from(block)), { size: 16 * KiB }));
    expect(Buffer.concat(copies).equals(SENT)).toBe(true);
  });

  it('lets a socket read into blocks of a pool, each of which is released once', async () => {
    const out = new Set<Buffer>();
    let acquired = 0;
    const pool = {
      acquire(size: number): Buffer | null {
        acquired++;
        const block = acquired % 4 === 0 ? null : Buffer.alloc(size);
        if (block !== null) {
          out.add(block);
        }
        return block;
      },
      release(block: Buffer): void {
        expect(out.delete(block)).toBe(true);
      },
    };
    const copies: Buffer[] = [];
    const callback = (bytesRead: number, block: Buffer): void => {
      copies.push(Buffer.from(block.subarray(0, bytesRead)));
      if (out.has(block)) {
        pool.release(block);
      }
    };
    const reads = onread(pool, callback, { size: 8 * KiB });
    await receive(reads);
    expect(Buffer.concat(copies).equals(SENT)).toBe(true);
    expect([acquired > 10, out.size]).toEqual([true, 0]);
    reads.release();
  });

  it('lets a socket read into a BufferPool, which has all of it back', async () => {
    using pool = new BufferPool({ maxBytes: 16 * KiB }); // less than is needed at times
    const waiting: Buffer[] = [];
    const copies: Buffer[] = [];
    const reads = onread(
      pool,
      (bytesRead, block) => {
        copies.push(Buffer.from(block.subarray(0, bytesRead)));
        waiting.push(block);
        waiting.splice(0, waiting.length - 5).forEach((each) => {
          pool.release(each);
        });
      },
      { size: 4 * KiB },
    );
    await receive(reads);
    waiting.forEach((each) => {
      pool.release(each);
    });
    expect(Buffer.concat(copies).equals(SENT)).toBe(true);
    expect(pool.stats.liveBuffers).toBe(0);
  });

  it('pauses the socket where the callback answers false', async () => {
    using arena = new BumpArenaLazy(16 * MiB);
    const server = createServer((socket) => socket.end(SENT)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    let count = 0;
    let bytes = 0;
    using reads = onread(
      arena,
      (bytesRead) => {
        count++;
        bytes += bytesRead;
        setImmediate(() => {
          expect(count).toBe(paused);
          paused++;
          socket.resume();
        });
        return false;
      },
      { size: 4 * KiB },
    );
    let paused = 1;
    const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', onread: reads });
    await once(socket, 'close');
    expect([bytes, count >= SENT.length / (4 * KiB)]).toEqual([SENT.length, true]);
    server.close();
    reads.release();
  });

  it('refuses wrong arguments, and pins nothing then', () => {
    using arena = new BumpArenaLazy(MiB);
    const call = onread as (...args: unknown[]) => unknown;
    for (const args of [
      [{}, () => {}],
      [undefined, () => {}],
      [arena, undefined],
      [arena, () => {}, { size: '1' }],
      [arena, () => {}, null],
    ]) {
      expect(codeOf(() => call(...args))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect(codeOf(() => call(arena, () => {}, { size: 0 }))).toBe('ERR_OUT_OF_RANGE');
    arena.reset();
  });
});
