import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentArena, KiB, type Pin, type RequestArena } from '../../lib';
import { DETACHES } from '../arena/support';
import { ask, serve, until, untilBack } from './support';
import { counter, echo, plain, pool, withConnect, withExpress } from './middleware-support';

describe.each([
  ['without a framework', plain],
  ['in Connect', withConnect],
  ['in Express', withExpress],
])('requestArena, %s,', (_name, listen) => {
  it('gives each request an arena, which is the current one, and takes it back', async () => {
    const count = counter();
    await using running = await serve(
      listen((req, res) => {
        expect(req.arena).toBe(currentArena());
        res.end(req.arena.alloc(5)!.fill('a'));
      }),
    );
    for (let i = 0; i < 3; i++) {
      expect((await ask(running.port)).body.toString()).toBe('aaaaa');
    }
    await untilBack(pool);
    expect(count()).toEqual({ requests: 3, aborted: 0 });
  });

  it('is the current one for those who listen to the request, and for what they start', async () => {
    const seen: boolean[] = [];
    await using running = await serve(
      listen((req, res) => {
        const isCurrent = (): void => {
          seen.push(currentArena() === req.arena);
        };
        req.on('data', isCurrent);
        req.once('end', () => {
          isCurrent();
          setTimeout(() => {
            isCurrent();
            res.end();
          }, 1);
        });
      }),
    );
    await ask(running.port, { body: Buffer.alloc(200 * KiB) });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.every(Boolean)).toBe(true);
  });

  it('keeps a hundred requests apart, on connections that are used again', async () => {
    await using running = await serve(listen(echo));
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const one = async (own: number): Promise<boolean> => {
      const [incoming] = (await once(get({ port: running.port, path: `/${own}`, agent }), 'response')) as [
        IncomingMessage,
      ];
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) {
        chunks.push(chunk as Buffer);
      }
      const body = Buffer.concat(chunks);
      return body.length === 20 * KiB && body.every((byte) => byte === own % 256);
    };
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => one(i + 1)));
      expect(answers.every(Boolean)).toBe(true);
    }
    agent.destroy();
    await untilBack(pool);
  });

  it('keeps the arena while a client has gone and the handler has not ended', async () => {
    const count = counter();
    let arena: RequestArena | undefined;
    let response: ServerResponse | undefined;
    await using running = await serve(
      listen((req, res) => {
        arena = req.arena;
        response = res;
      }),
    );
    const client = get({ port: running.port, agent: false }).on('error', () => {});
    await until('the handler runs', () => response !== undefined);
    const block = arena!.alloc(10)!;
    client.destroy();
    await once(response!, 'close');
    await sleep(10);
    expect([pool.stats.liveArenas, arena!.alloc(10)!.length]).toEqual([1, 10]);
    response!.end('too late');
    expect([pool.stats.liveArenas, block.length]).toEqual([0, 10]); // and not detached
    response!.end();
    expect(count()).toEqual({ requests: 1, aborted: 1 });
  });

  it('takes the arena back when a client goes in the middle of a response that has ended', async () => {
    const count = counter();
    await using running = await serve(
      listen((req, res) => {
        for (let i = 0; i < 64; i++) {
          res.write(req.arena.alloc(256 * KiB)!);
        }
        res.end();
      }),
    );
    const client = get({ port: running.port, agent: false }).on('error', () => {});
    const [incoming] = (await once(client, 'response')) as [IncomingMessage];
    incoming.on('error', () => {});
    expect(pool.stats.liveArenas).toBe(1);
    client.destroy();
    await untilBack(pool);
    expect(count()).toEqual({ requests: 1, aborted: 1 });
  });

  it('takes the arena back when the handler destroys the response', async () => {
    const count = counter();
    await using running = await serve(
      listen((_req, res) => {
        res.destroy();
        res.end();
      }),
    );
    await expect(ask(running.port)).rejects.toThrow();
    await untilBack(pool);
    expect(count()).toEqual({ requests: 1, aborted: 1 });
  });

  it('takes the arena back when a pin outlives the response', async () => {
    const count = counter();
    const pins: Pin[] = [];
    await using running = await serve(
      listen((req, res) => {
        pins.push(req.arena.pin());
        res.end('ok');
      }),
    );
    await ask(running.port);
    await until('the response has ended', () => pool.stats.pinned === 1);
    expect(pool.stats.liveArenas).toBe(1);
    pins[0]!.release();
    expect(pool.stats).toMatchObject({ pinned: 0, liveArenas: 0 });
    expect(count()).toEqual({ requests: 1, aborted: 0 });
  });

  it('detaches nothing after an answer of 5xx, when jobs may have been left', async () => {
    const blocks: Buffer[] = [];
    await using running = await serve(
      listen((req, res) => {
        blocks.push(req.arena.alloc(10)!);
        res.statusCode = Number(req.url!.slice(1));
        res.end();
      }),
    );
    for (const status of [200, 404, 500, 503]) {
      await ask(running.port, { path: `/${status}` });
      await untilBack(pool);
    }
    expect(blocks.map(({ length }) => length)).toEqual(DETACHES ? [0, 0, 10, 10] : [10, 10, 10, 10]);
  });

  it('serves requests that are sent without waiting for answers', async () => {
    const count = counter();
    await using running = await serve(listen(echo));
    const socket = connect(running.port, '127.0.0.1');
    const bytes: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => bytes.push(chunk));
    for (let i = 1; i <= 20; i++) {
      socket.write(`GET /${i} HTTP/1.1\r\nHost: x\r\n${i === 20 ? 'Connection: close\r\n' : ''}\r\n`);
    }
    await once(socket, 'close');
    const text = Buffer.concat(bytes).toString('latin1');
    for (let i = 1; i <= 20; i++) {
      expect(text.split(String.fromCharCode(i).repeat(4 * KiB))).toHaveLength(6);
    }
    await untilBack(pool);
    expect(count()).toEqual({ requests: 20, aborted: 0 });
  });

  it('takes all of them back when such a connection breaks', async () => {
    const count = counter();
    const responses: ServerResponse[] = [];
    await using running = await serve(
      listen((_req, res) => {
        responses.push(res);
      }),
    );
    const socket = connect(running.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(15));
    await until('all handlers run', () => responses.length === 15);
    const [{ socket: serverSide }] = responses as [ServerResponse];
    const closed = once(serverSide!, 'close');
    socket.destroy();
    await closed;
    for (const response of responses) {
      response.end();
    }
    await untilBack(pool);
    expect(count()).toEqual({ requests: 15, aborted: 15 });
  });
});
