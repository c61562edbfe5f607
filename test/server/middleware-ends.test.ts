import { once } from 'node:events';
import express from 'express';
import {
  Agent,
  createServer,
  get,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { ArenaPool, currentArena, MiB, requestArena } from '../../lib';
import { codeOf } from '../arena/support';
import { ask, serve, until, untilBack } from './support';
import { counter, echo, middleware, plain, pool } from './middleware-support';

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

describe('requestArena', () => {
  it('keeps the arena of a request whose client had gone before, until the handler ends', async () => {
    const count = counter();
    let handled = false;
    let gone = false;
    await using running = await serve((req, res) => {
      res.once('close', () => {
        gone = true;
        middleware(req, res, () => {
          expect(currentArena()!.alloc(10)).toHaveLength(10);
          setTimeout(() => {
            expect(currentArena()!.alloc(10)).toHaveLength(10);
            res.end();
            handled = currentArena() === undefined;
          }, 5);
        });
      });
    });
    const client = get({ port: running.port, agent: false }).on('error', () => {});
    await once(running.server, 'request');
    client.destroy();
    await until('the handler has ended', () => handled);
    expect([gone, pool.stats.liveArenas]).toEqual([true, 0]);
    expect(count()).toEqual({ requests: 1, aborted: 1 });
  });

  it('takes the arena back of a request that waits behind another one on a connection that has closed', async () => {
    const count = counter();
    const late: (() => void)[] = [];
    let closed = false;
    await using running = await serve((req, res) => {
      req.socket.once('close', () => (closed = true));
      late.push(() => {
        middleware(req, res, () => {
          currentArena()!.alloc(10);
        });
        res.end();
      });
    });
    const socket = connect(running.port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
    await until('all requests have come', () => late.length === 3);
    socket.destroy();
    await until('the connection has closed', () => closed);
    for (const serveLate of late) {
      serveLate();
    }
    await untilBack(pool);
    expect(count()).toEqual({ requests: 3, aborted: 3 });
  });

  it('holds no more memory after a thousand requests', async () => {
    await using running = await serve(plain(echo));
    const agent = new Agent({ keepAlive: true, maxSockets: 10 });
    const round = async (): Promise<number> => {
      await Promise.all(
        Array.from({ length: 250 }, async (_, i) => {
          const [incoming] = (await once(get({ port: running.port, path: `/${i}`, agent }), 'response')) as [
            IncomingMessage,
          ];
          await once(incoming.resume(), 'end');
        }),
      );
      await untilBack(pool);
      return pool.stats.committed;
    };
    await round();
    const committed = await round();
    await round();
    expect(await round()).toBeLessThanOrEqual(committed);
    agent.destroy();
  });

  it('keeps the arena of a response that never ends until its connection does', async () => {
    const responses: ServerResponse[] = [];
    await using running = await serve(
      plain((_req, res) => {
        responses.push(res);
      }),
    );
    get({ port: running.port, agent: false }).on('error', () => {});
    await until('the handler runs', () => responses.length === 1);
    await sleep(20);
    expect(pool.stats.liveArenas).toBe(1);
    running.server.closeAllConnections();
    await once(responses[0]!, 'close');
    responses[0]!.end();
    await untilBack(pool);
  });

  it('lets errors of handlers through', async () => {
    const app = express();
    app.use(middleware);
    app.get('/sync', () => {
      throw new Error('sync');
    });
    app.get('/async', async () => {
      await sleep(1);
      throw new Error('async');
    });
    app.use((error: Error, req: express.Request, res: express.Response, _next: express.NextFunction) => {
      res.status(500).send(Buffer.concat([req.arena.alloc(2)!.fill('>'), Buffer.from(error.message)]));
    });
    const count = counter();
    await using running = await serve(app as RequestListener);
    expect((await ask(running.port, { path: '/sync' })).body.toString()).toBe('>>sync');
    expect((await ask(running.port, { path: '/async' })).body.toString()).toBe('>>async');
    await untilBack(pool);
    expect(count()).toEqual({ requests: 2, aborted: 2 });

    const thrown: unknown[] = [];
    await using second = await serve((req, res) => {
      try {
        middleware(req, res, () => {
          throw new Error('out of the handler');
        });
      } catch (error) {
        thrown.push(error);
        res.end();
      }
    });
    await ask(second.port);
    expect(thrown).toHaveLength(1);
    await untilBack(pool);
  });

  it('tells next where there is no arena to be had', async () => {
    const disposed = requestArena();
    disposed.dispose();
    const app = express();
    app.use(disposed);
    app.use((error: { code: string }, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      res.status(503).send(`${error.code} ${currentArena() === undefined}`);
    });
    await using running = await serve(app as RequestListener);
    const { status, body } = await ask(running.port);
    expect([status, body.toString()]).toEqual([503, 'ERR_OFFHEAP_DISPOSED true']);
  });

  it('disposes of a pool of its own, and not of one that was given', () => {
    using given = new ArenaPool();
    {
      using second = requestArena({ pool: given });
      expect(second.pool).toBe(given);
    }
    expect(given.acquire().alloc(1)).toHaveLength(1);
    const own = requestArena({ capacity: 100 });
    expect(own.pool.acquire().capacity).toBe(100);
    own.dispose();
    expect(codeOf(() => own.pool.acquire())).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('refuses wrong options and a missing next', () => {
    const make = requestArena as (options: unknown) => typeof middleware;
    expect(codeOf(() => make({ pool: {} }))).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(() => make({ giveBack: 'no' }))).toBe('ERR_INVALID_ARG_VALUE');
    expect(codeOf(() => make(null))).toBe('ERR_INVALID_ARG_TYPE');
    const { requests } = pool.stats;
    expect(
      codeOf(() => {
        (middleware as unknown as (req: unknown, res: unknown) => void)({}, {});
      }),
    ).toBe('ERR_INVALID_ARG_TYPE');
    expect(pool.stats.requests).toBe(requests);
  });

  it('serves what is upgraded, in an arena made by hand', async () => {
    const server = createServer().on('upgrade', (_req, socket) => {
      const arena = pool.acquire();
      socket.on('close', () => {
        pool.release(arena, { aborted: true });
      });
      socket.end(Buffer.concat([Buffer.from(SWITCHING), arena.alloc(3)!.fill('u')]));
    });
    await using running = await serve(server);
    const outgoing = httpRequest({ port: running.port, headers: { connection: 'upgrade', upgrade: 'x' } });
    outgoing.end();
    const [, socket, head] = (await once(outgoing, 'upgrade')) as [unknown, NodeJS.ReadWriteStream, Buffer];
    const chunks = [head];
    for await (const chunk of socket) {
      chunks.push(chunk as Buffer);
    }
    expect(Buffer.concat(chunks).toString()).toBe('uuu');
    await untilBack(pool);
  });

  it('serves HTTP/2', async () => {
    const count = counter();
    let endLate = (): unknown => undefined;
    const server = createHttp2Server((req, res) => {
      middleware(req, res, () => {
        if (req.url === '/late') {
          endLate = () => res.end();
          return;
        }
        const size = req.url === '/large' ? 16 * MiB : 3;
        setTimeout(() => res.end(currentArena()!.alloc(size)!.fill('h')), 5);
      });
    });
    server.listen(0);
    await once(server, 'listening');
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const answers = await Promise.all(
      [1, 2, 3].map(async () => {
        const stream = session.request({ ':path': '/' });
        const chunks: Buffer[] = [];
        for await (const chunk of stream) {
          chunks.push(chunk as Buffer);
        }
        return Buffer.concat(chunks).toString();
      }),
    );
    expect(answers).toEqual(['hhh', 'hhh', 'hhh']);
    await untilBack(pool);
    expect(count()).toEqual({ requests: 3, aborted: 0 });

    const stream = session.request({ ':path': '/late' }).on('error', () => {});
    await until('the handler runs', () => pool.stats.liveArenas === 1);
    stream.close(8); // CANCEL
    await once(stream, 'close');
    endLate();
    await untilBack(pool);
    expect(count()).toEqual({ requests: 1, aborted: 1 });

    const large = session.request({ ':path': '/large' }).on('error', () => {});
    await once(large, 'response');
    large.close(8);
    await untilBack(pool);
    expect(count()).toEqual({ requests: 1, aborted: 1 });
    session.close();
    server.close();
    await once(server, 'close');
  });
});
