import connectFramework from 'connect';
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

import {
  ArenaPool,
  currentArena,
  KiB,
  MiB,
  type Pin,
  type RequestArena,
  requestArena,
  type WithArena,
} from '../../lib';
import { codeOf, DETACHES } from '../arena/support';
import { collectGarbage } from '../support';
import { ask, serve, until, untilBack } from './support';

type Handler = (req: WithArena<IncomingMessage>, res: ServerResponse) => unknown;

const middleware = requestArena({ name: 'middleware' });
const { pool } = middleware;
afterAll(() => {
  middleware.dispose();
});

/** A server without a framework. */
function plain(handler: Handler): RequestListener {
  return (req, res) => {
    middleware(req, res, () => handler(req as WithArena<IncomingMessage>, res));
  };
}

function withConnect(handler: Handler): RequestListener {
  const app = connectFramework();
  app.use(middleware);
  app.use((req, res) => {
    handler(req as WithArena<IncomingMessage>, res);
  });
  return app;
}

function withExpress(handler: Handler): RequestListener {
  const app = express();
  app.use(middleware);
  app.use((req, res) => handler(req, res));
  return app as RequestListener;
}

/** Answers its own bytes, after a while, from blocks of the arena. */
const echo: Handler = async (req, res) => {
  const own = Number(req.url!.slice(1)) % 256;
  const blocks: Buffer[] = [];
  for (let i = 0; i < 5; i++) {
    blocks.push(
      currentArena()!
        .alloc(4 * KiB)!
        .fill(own),
    );
    await sleep(1);
  }
  for (const block of blocks) {
    res.write(block);
  }
  res.end();
};

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';

/** How many arenas have come back, and as what, since the last time. */
function counter(): () => { requests: number; aborted: number } {
  let seen = pool.stats;
  return () => {
    const { requests, aborted } = pool.stats;
    const difference = { requests: requests - seen.requests, aborted: aborted - seen.aborted };
    seen = pool.stats;
    return difference;
  };
}

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

describe('requestArena', () => {
  it('takes the arena back of a handler that has dropped an aborted response without ending it', async () => {
    let seen = false;
    await using running = await serve(
      plain(() => {
        seen = true;
      }),
    );
    const client = get({ port: running.port, agent: false }).on('error', () => {});
    await until('the handler runs', () => seen);
    expect(pool.stats.liveArenas).toBe(1);
    client.destroy();
    await until('the response is collected', () => {
      collectGarbage();
      return pool.stats.liveArenas === 0;
    });
  });

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
    const server = createHttp2Server((req, res) => {
      middleware(req, res, () => {
        if (req.url === '/never') {
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

    const stream = session.request({ ':path': '/never' }).on('error', () => {});
    await until('the handler runs', () => pool.stats.liveArenas === 1);
    stream.close(8); // CANCEL
    await until('the response is collected', () => {
      collectGarbage();
      return pool.stats.liveArenas === 0;
    });
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
