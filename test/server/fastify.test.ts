import fastify, { type FastifyInstance } from 'fastify';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';

import { ArenaPool, arenaPools, currentArena, KiB, readInto, type RequestArena } from '../../lib';
import requestArenaPlugin, { type RequestArenaOptions, requestArenaPlugin as named } from '../../lib/server/fastify';
import { DETACHES } from '../arena/support';
import { ask, until, untilBack } from './support';

declare module 'fastify' {
  interface FastifyRequest {
    arena: RequestArena;
  }
}

const apps: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

async function start(
  routes: (app: FastifyInstance) => void,
  options: RequestArenaOptions = {},
): Promise<{ app: FastifyInstance; port: number; pool: ArenaPool }> {
  const pool = options.pool ?? new ArenaPool({ name: 'fastify' });
  const app = fastify({ forceCloseConnections: true });
  apps.push(app);
  await app.register(requestArenaPlugin, { pool });
  routes(app);
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, port: (app.server.address() as AddressInfo).port, pool };
}

describe('The Fastify plugin', () => {
  it('gives each request an arena, which is the current one in every hook and in the handler', async () => {
    const seen: Record<string, boolean> = {};
    const { port, pool } = await start((app) => {
      const check = (name: string, arena: RequestArena): void => {
        seen[name] = arena === currentArena() && arena.alloc(1) !== null;
      };
      for (const name of [
        'onRequest',
        'preParsing',
        'preValidation',
        'preHandler',
        'preSerialization',
        'onSend',
      ] as const) {
        const hook = (request: { arena: RequestArena }, _reply: unknown, ...rest: unknown[]): void => {
          check(name, request.arena);
          (rest.at(-1) as () => void)();
        };
        app.addHook(name as 'onRequest', hook as never);
      }
      app.addHook('onResponse', async (request) => {
        seen['onResponse'] = request.arena.alloc(1) !== null;
        await Promise.resolve();
      });
      app.post('/', async (request) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        check('handler', request.arena);
        return { body: request.body };
      });
    });
    const body = Buffer.from(JSON.stringify({ a: 'x'.repeat(100 * KiB) }));
    const answer = await ask(port, { body, headers: { 'content-type': 'application/json' } });
    expect([answer.status, answer.body.length]).toEqual([200, body.length + '{"body":}'.length]);
    expect(seen).toEqual({
      onRequest: true,
      preParsing: true,
      preValidation: true,
      preHandler: true,
      handler: true,
      preSerialization: true,
      onSend: true,
      onResponse: true,
    });
    await untilBack(pool);
    expect(pool.stats).toMatchObject({ requests: 1, aborted: 0 });
  });

  it('is for the whole server, by both of its names, and once', async () => {
    expect(named).toBe(requestArenaPlugin);
    const { app, port } = await start((instance) => {
      void instance.register((inner, _options, done) => {
        inner.get('/inner', (request, reply) => reply.send(request.arena.alloc(3)!.fill('i')));
        done();
      });
    });
    expect((await ask(port, { path: '/inner' })).body.toString()).toBe('iii');
    expect(app.hasRequestDecorator('arena')).toBe(true);
    const twice = fastify();
    apps.push(twice);
    await expect(twice.register(named).register(named).ready()).rejects.toMatchObject({
      code: 'FST_ERR_DEC_ALREADY_PRESENT',
    });
  });

  it('reads bodies into the arena, and has Fastify answer 413', async () => {
    const { port, pool } = await start((app) => {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (request, payload, done) => {
        readInto(payload, { arena: request.arena, limit: 1000 }).then((body) => {
          done(null, body);
        }, done);
      });
      app.post('/', (request, reply) => {
        expect(request.arena.owns(request.body as Buffer)).toBe(true);
        return reply.send(request.body);
      });
    });
    const body = Buffer.alloc(1000, 'b');
    expect((await ask(port, { body, headers: { 'content-type': 'x/y' } })).body.equals(body)).toBe(true);
    const { status, headers } = await ask(port, { body: Buffer.alloc(1001), headers: { 'content-type': 'x/y' } });
    expect([status, headers.connection]).toEqual([413, 'close']);
    await untilBack(pool);
  });

  it('takes arenas back when handlers fail, and when clients go', async () => {
    const blocks: Buffer[] = [];
    let waiting: (() => void) | undefined;
    const { port, pool } = await start((instance) => {
      instance.get('/fails', async (request) => {
        blocks.push(request.arena.alloc(10)!);
        await Promise.resolve();
        throw new Error('failed');
      });
      instance.get('/waits', async () => {
        await new Promise<void>((resolve) => (waiting = resolve));
        return 'done';
      });
      instance.get('/', (request) => {
        blocks.push(request.arena.alloc(10)!);
        return Promise.resolve('ok');
      });
    });
    expect((await ask(port, { path: '/fails' })).status).toBe(500);
    await untilBack(pool);
    const client = get({ port, path: '/waits', agent: false }).on('error', () => {});
    await until('the handler waits', () => waiting !== undefined);
    client.destroy();
    await until('the client has gone', () => client.closed);
    expect(pool.stats.liveArenas).toBe(1);
    waiting!();
    await untilBack(pool);
    expect(pool.stats).toMatchObject({ requests: 2, aborted: 2 });
    expect((await ask(port)).body.toString()).toBe('ok');
    await untilBack(pool);
    expect(pool.stats).toMatchObject({ requests: 3, aborted: 2 });
    expect(blocks.map(({ length }) => length)).toEqual([10, DETACHES ? 0 : 10]);
  });

  it('disposes of its own pool when the server closes, and tells of wrong options', async () => {
    const app = fastify();
    let arena: RequestArena | undefined;
    app.get('/', (request) => {
      arena = request.arena;
      return Promise.resolve('ok');
    });
    await app.register(requestArenaPlugin, { name: 'own', capacity: 1000 });
    await app.listen({ port: 0, host: '127.0.0.1' });
    await ask((app.server.address() as AddressInfo).port);
    expect(arena).toBeDefined();
    const names = (): string[] => [...arenaPools].map(([name]) => name);
    expect(names()).toContain('own');
    await app.close();
    expect(names()).not.toContain('own');
    using pool = new ArenaPool();
    const given = fastify();
    await given.register(requestArenaPlugin, { pool });
    await given.close();
    pool.release(pool.acquire());
    const wrong = fastify();
    apps.push(wrong);
    await expect(wrong.register(requestArenaPlugin, { capacity: -1 }).ready()).rejects.toMatchObject({
      code: 'ERR_OUT_OF_RANGE',
    });
  });
});
