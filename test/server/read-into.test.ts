import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import express from 'express';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  ArenaPool,
  BodyError,
  BumpArena,
  BumpArenaLazy,
  currentArena,
  KiB,
  MiB,
  readInto,
  type ReadIntoOptions,
  requestArena,
  type TooLargeMessage,
} from '../../lib';
import { ask, serve, until, untilBack } from './support';

const middleware = requestArena({ name: 'read-into' });
const { pool } = middleware;
afterAll(() => {
  middleware.dispose();
});

/** A server that answers with what its handler does, or with the error's code. */
function reading(handler: (req: IncomingMessage, res: ServerResponse) => Promise<Buffer | null>): RequestListener {
  return (req, res) => {
    middleware(req, res, () => {
      handler(req, res).then(
        (body) => (body === null ? undefined : res.end(body)),
        (error: unknown) => {
          const { code, statusCode = 500 } = error as { code: string; statusCode?: number };
          res.statusCode = statusCode;
          res.end(code);
        },
      );
    });
  };
}

function bytesOf(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, i) => (i * 7) % 251));
}

/** Sends raw HTTP, and answers with all that comes back. */
async function talk(port: number, ...parts: (string | number | Buffer)[]): Promise<string> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')));
  for (const part of parts) {
    if (typeof part === 'number') {
      await sleep(part);
    } else {
      socket.write(part);
    }
  }
  await once(socket, 'close');
  return answer;
}

const CHUNKED = { 'transfer-encoding': 'chunked' };

describe('readInto', () => {
  it.each([0, 1, 1000, 64 * KiB, 300_000, MiB])(
    'reads a body of %d bytes, with and without its length',
    async (size) => {
      const used: number[] = [];
      await using running = await serve(
        reading(async (req) => {
          const body = await readInto(req);
          used.push(currentArena()!.used);
          expect(currentArena()!.owns(body)).toBe(true);
          return body;
        }),
      );
      const sent = bytesOf(size);
      expect((await ask(running.port, { body: sent })).body.equals(sent)).toBe(true);
      expect((await ask(running.port, { body: sent, headers: CHUNKED })).body.equals(sent)).toBe(true);
      expect(used).toEqual([size, size]); // what was grown too far has gone back
      await untilBack(pool);
    },
  );

  it('has no need to clear what it reads into, and leaves the rest zero', async () => {
    using dirty = new ArenaPool({ window: 64 * KiB });
    for (let i = 0; i < 50; i++) {
      using arena = dirty.acquire();
      const stream = new PassThrough();
      const reading = readInto(stream, { arena });
      stream.write(Buffer.alloc(3000, 1));
      await sleep(0);
      const other = arena.alloc(9000)!;
      stream.end(Buffer.alloc(5000, 1));
      const body = await reading;
      expect([body.length, body.every((byte) => byte === 1)]).toEqual([8000, true]);
      const next = arena.alloc(20_000)!;
      expect([other, next].every((block) => block.every((byte) => byte === 0))).toBe(true);
      for (const block of [other, next]) {
        block.fill(1);
      }
    }
  });

  it('reads several streams at a time into one arena', async () => {
    using arena = new BumpArenaLazy(64 * MiB);
    const bodies = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const stream = new PassThrough();
        const reading = readInto(stream, { arena });
        for (let part = 0; part < 10; part++) {
          stream.write(Buffer.alloc(1000 + i, i + 1));
          await sleep(part % 2);
        }
        stream.end();
        return reading;
      }),
    );
    bodies.forEach((body, i) => {
      expect([body.length, body.every((byte) => byte === i + 1)]).toEqual([10 * (1000 + i), true]);
    });
  });

  it.each<[string, (limit: number) => ReadIntoOptions]>([
    ['by default', () => ({})],
    ['by option', (limit) => ({ limit })],
  ])('takes no more than its limit, %s', async (_name, options) => {
    const limit = 1 * MiB;
    await using running = await serve(reading((req) => readInto(req, options(limit))));
    for (const headers of [{}, CHUNKED]) {
      expect((await ask(running.port, { body: bytesOf(limit), headers })).status).toBe(200);
    }
    const answer = await talk(
      running.port,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${limit + 1}\r\n\r\n`,
      50,
      Buffer.alloc(limit + 1),
      'GET / HTTP/1.0\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 .*ERR_OFFHEAP_TOO_LARGE/s);
    await untilBack(pool);
  });

  it('refuses a stream that has become too large, and reads it no further', async () => {
    using arena = new BumpArenaLazy(MiB);
    const stream = new PassThrough({ highWaterMark: 100 });
    const reading = readInto(stream, { arena, limit: 1000 });
    stream.write(Buffer.alloc(1000));
    stream.write(Buffer.alloc(1));
    stream.write(Buffer.alloc(50));
    await expect(reading).rejects.toMatchObject({
      code: 'ERR_OFFHEAP_TOO_LARGE',
      statusCode: 413,
      status: 413,
      headers: { connection: 'close' },
    });
    await sleep(5);
    expect([stream.readableLength, arena.used]).toEqual([50, 0]);
    stream.destroy(new Error('later'));
    await new Promise((resolve) => stream.once('close', resolve));
  });

  it('answers 413 by itself where it is given the response, and closes the connection', async () => {
    const messages: TooLargeMessage[] = [];
    const onMessage = (message: unknown): void => void messages.push(message as TooLargeMessage);
    subscribe('offheap:tooLarge', onMessage);
    const bodies: unknown[] = [];
    await using running = await serve(
      reading(async (req, res) => {
        const body = await readInto(req, { limit: 1000, response: res });
        bodies.push(body === null ? null : body.length);
        return body;
      }),
    );
    expect((await ask(running.port, { body: bytesOf(1000) })).status).toBe(200);
    const byLength = await talk(running.port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n');
    const byChunk = await talk(
      running.port,
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      `3e9\r\n${'x'.repeat(1001)}\r\n`,
    );
    unsubscribe('offheap:tooLarge', onMessage);
    for (const answer of [byLength, byChunk]) {
      expect(answer).toMatch(/^HTTP\/1.1 413 Payload Too Large\r\n.*Connection: close/s);
    }
    expect(bodies).toEqual([1000, null, null]);
    expect(messages.map(({ limit, size }) => [limit, size])).toEqual([
      [1000, 1001],
      [1000, 1001],
    ]);
    await untilBack(pool);
  });

  it('answers 413 over HTTP/2, too', async () => {
    const server = createHttp2Server((req, res) => {
      middleware(req, res, () => {
        void readInto(req, { limit: 1000, response: res }).then((body) => (body === null ? undefined : res.end(body)));
      });
    }).listen(0);
    await once(server, 'listening');
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const post = async (size: number): Promise<unknown[]> => {
      const stream = session.request({ ':method': 'POST', ':path': '/' });
      stream.end(bytesOf(size));
      const [headers] = (await once(stream, 'response')) as [{ ':status': number }];
      const chunks: Buffer[] = [];
      for await (const chunk of stream) {
        chunks.push(chunk as Buffer);
      }
      return [headers[':status'], Buffer.concat(chunks).length];
    };
    const onWarning = jest.fn();
    process.on('warning', onWarning);
    expect([await post(1000), await post(1001)]).toEqual([
      [200, 1000],
      [413, 0],
    ]);
    session.close();
    server.close();
    await once(server, 'close');
    await untilBack(pool);
    process.off('warning', onWarning);
    expect(onWarning).not.toHaveBeenCalled();
  });

  it('reads a stream that was paused until somebody reads it', async () => {
    using arena = new BumpArena(1000);
    const stream = new PassThrough();
    stream.pause();
    stream.end('paused');
    expect((await readInto(stream, { arena })).toString()).toBe('paused');
  });

  it('lets Express answer 413', async () => {
    const app = express();
    app.use(middleware);
    app.post('/', async (req, res) => {
      res.send(await readInto(req, { limit: 10 }));
    });
    app.set('env', 'test'); // prints no errors
    await using running = await serve(app as RequestListener);
    expect((await ask(running.port, { body: bytesOf(10) })).body.equals(bytesOf(10))).toBe(true);
    const { status, headers } = await ask(running.port, { body: bytesOf(11) });
    expect([status, headers.connection]).toEqual([413, 'close']);
    await untilBack(pool);
  });

  it('tells that a body was aborted, with the arena held until then', async () => {
    const outcomes: unknown[] = [];
    await using running = await serve((req, res) => {
      middleware(req, res, () => {
        const arena = currentArena()!;
        readInto(req).catch((error: unknown) => {
          outcomes.push((error as BodyError).code, (error as BodyError).statusCode, error instanceof BodyError);
          outcomes.push(arena.used);
          res.end();
        });
      });
    });
    for (const head of ['Content-Length: 1000', 'Transfer-Encoding: chunked']) {
      const socket = connect(running.port, '127.0.0.1');
      socket.write(`POST / HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n5\r\nhello\r\n`);
      await until('the request has come', () => pool.stats.liveArenas === 1 && pool.stats.live > 0);
      socket.destroy();
      await untilBack(pool);
    }
    expect(outcomes).toEqual(['ERR_OFFHEAP_BODY', 400, true, 0, 'ERR_OFFHEAP_BODY', 400, true, 0]);
  });

  it('answers null, and nobody, when a body was aborted and it was given the response', async () => {
    const outcomes: unknown[] = [];
    await using running = await serve(
      reading(async (req, res) => {
        outcomes.push(await readInto(req, { response: res }));
        return null;
      }),
    );
    const socket = connect(running.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhello');
    await until('the request has come', () => pool.stats.live > 0);
    socket.destroy();
    await untilBack(pool);
    expect(outcomes).toEqual([null]);
  });

  it.each([
    [10, 9],
    [10, 0],
    [10, 11],
    [0, 1],
  ])('refuses a body whose length is given as %d, and is %d', async (claimed, actual) => {
    using arena = new BumpArena(1000);
    const source = Object.assign(Readable.from([Buffer.alloc(actual)]), {
      headers: { 'content-length': String(claimed) },
    });
    await expect(readInto(source, { arena })).rejects.toMatchObject({ code: 'ERR_OFFHEAP_BODY', statusCode: 400 });
    expect(arena.used).toBe(0);
  });

  it.each(['', 'ten', '-1', '1e3', '0x10'])('makes nothing of a length given as %j', async (length) => {
    using arena = new BumpArena(1000);
    const source = Object.assign(Readable.from([Buffer.alloc(5)]), { headers: { 'content-length': length } });
    expect(await readInto(source, { arena })).toHaveLength(5);
  });

  it('says 503 where the arena is full', async () => {
    using arena = new BumpArena(1000);
    const full = { code: 'ERR_OFFHEAP_FULL', statusCode: 503 };
    await expect(readInto(Readable.from([Buffer.alloc(600), Buffer.alloc(401)]), { arena })).rejects.toMatchObject(
      full,
    );
    expect(arena.used).toBe(0);
    const known = Object.assign(Readable.from([Buffer.alloc(1)]), { headers: { 'content-length': '1001' } });
    await expect(readInto(known, { arena })).rejects.toMatchObject(full);
    expect(await readInto(Readable.from([Buffer.alloc(1000)]), { arena })).toHaveLength(1000);
  });

  it('pins the arena while it reads, and no longer', async () => {
    using arena = new BumpArena(1000);
    for (const end of [
      (stream: PassThrough) => stream.end(),
      (stream: PassThrough) => stream.destroy(new Error('gone')),
    ]) {
      const stream = new PassThrough();
      const reading = readInto(stream, { arena }).catch((error: unknown) => (error as Error).message);
      expect(() => {
        arena.reset();
      }).toThrow('in use');
      end(stream);
      expect(await reading).toEqual(stream.errored === null ? Buffer.alloc(0) : 'gone');
      arena.reset();
    }
  });

  it('goes through what a stream fails with, and tells of one that ends too early', async () => {
    using arena = new BumpArena(1000);
    const failing = new PassThrough();
    const reading = readInto(failing, { arena });
    failing.destroy(Object.assign(new Error('of the stream'), { code: 'EOWN' }));
    await expect(reading).rejects.toMatchObject({ code: 'EOWN' });
    const closing = new PassThrough();
    const second = readInto(closing, { arena });
    closing.destroy();
    await expect(second).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
  });

  it('tells when somebody takes the memory away in the middle', async () => {
    using arena = new BumpArenaLazy(MiB);
    const stream = new PassThrough();
    const reading = readInto(stream, { arena });
    stream.write(Buffer.alloc(10));
    await sleep(1);
    const thief = new ReadableStream({
      type: 'bytes',
      start(controller) {
        controller.enqueue(arena.alloc(10)!);
      },
    });
    await thief.getReader().read();
    stream.end(Buffer.alloc(10));
    await expect(reading).rejects.toMatchObject({ code: 'ERR_OFFHEAP_STALE' });
    arena.reset();
  });

  it('refuses what it cannot read, and where there is no arena', async () => {
    using arena = new BumpArena(1000);
    const wrong = { code: 'ERR_INVALID_ARG_TYPE' };
    const call = readInto as (source: unknown, options?: unknown) => Promise<Buffer>;
    await expect(call(Readable.from([]))).rejects.toMatchObject(wrong);
    await expect(call({}, { arena })).rejects.toMatchObject(wrong);
    await expect(call(undefined, { arena })).rejects.toMatchObject(wrong);
    await expect(call(Readable.from([]), { arena: {} })).rejects.toMatchObject(wrong);
    await expect(call(Readable.from([]), { arena, limit: '1' })).rejects.toMatchObject(wrong);
    await expect(call(Readable.from([]), { arena, limit: -1 })).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
    await expect(call(Readable.from(['text']), { arena })).rejects.toMatchObject(wrong);
    await expect(call(Readable.from([{}]), { arena })).rejects.toMatchObject(wrong);
    arena.reset(); // and no pin is left
  });
});
