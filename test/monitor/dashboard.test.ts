import { execFile } from 'node:child_process';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';

import connectApp from 'connect';
import express from 'express';
import fastify from 'fastify';

import { ArenaPool, BufferPool, BumpArenaLazy, KiB, MiB, watch } from '../../lib';
import {
  dashboard,
  type DashboardOptions,
  type DashboardServerOptions,
  startDashboard,
} from '../../lib/monitor/dashboard';
import { Vitals } from '../../lib/monitor/dashboard/vitals';
import { codeOf } from '../arena/support';
import { collectGarbage } from '../support';
import { ask, closeServer, listen, pause, Probe, until, Watcher } from './support';

/** The least. */
const intervalMs = 100;

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  try {
    await use(await listen(server));
  } finally {
    await closeServer(server);
  }
}

describe('dashboard()', () => {
  it('answers with a page that needs nothing else and may do nothing else', async () => {
    await withServer(dashboard(), async (url) => {
      const { status, headers, body } = await ask(`${url}/`);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-length': String(Buffer.byteLength(body)),
      });
      const policy = headers['content-security-policy']!;
      expect(policy).toMatch(
        /default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'/,
      );
      expect(policy).not.toContain('unsafe');
      expect(body).not.toMatch(/(src|href)="(?!data:)|@import|\son\w+=|style="/);
    });
  });

  it('streams what pools and arenas hold', async () => {
    using pool = new BufferPool({ name: 'bodies' });
    using requests = new ArenaPool({ name: 'requests' });
    using arena = new BumpArenaLazy(1 * MiB);
    using _watch = watch('parser', arena);
    pool.acquire(1000);
    arena.alloc(10 * KiB);
    const request = requests.acquire();
    request.alloc(20 * KiB);
    await withServer(dashboard({ intervalMs }), async (url) => {
      const watcher = new Watcher(url);
      const frame = await watcher.next();
      expect(watcher.response!.headers).toMatchObject({
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
      });
      expect(frame.process.pid).toBe(process.pid);
      expect(frame.memory.rss).toBeGreaterThan(1 * MiB);
      expect(frame.pools.map(({ name, stats }) => [name, stats['live']])).toEqual([['bodies', 1000]]);
      expect(frame.arenas.map(({ name, stats }) => [name, stats['live']])).toEqual([['parser', 10 * KiB]]);
      expect(frame.arenaPools.map(({ name, stats }) => [name, stats['live']])).toEqual([['requests', 20 * KiB]]);
      expect(frame.pools[0]!.map).toMatch(/^<svg /);
      pool.acquire(500);
      await until(() => watcher.frames.at(-1)!.pools[0]!.stats['live'] === 1500);
      watcher.close();
    });
    requests.release(request);
  });

  it.each([
    ['GET', '/other', 404],
    ['GET', '/events', 404],
    ['POST', '/', 405],
    ['DELETE', '/?events=1', 405],
    ['OPTIONS', '/', 405],
    ['GET', '/?other=1', 200],
  ])('answers %s %s with %i', async (method, path, expected) => {
    await withServer(dashboard(), async (url) => {
      const { status, headers } = await ask(url + path, method);
      expect(status).toBe(expected);
      expect(headers['allow']).toBe(expected === 405 ? 'GET, HEAD' : undefined);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['cache-control']).toBe('no-store');
    });
  });

  it('answers HEAD with the head alone, and begins to watch nothing', async () => {
    const probe = new Probe();
    using _watch = watch('probe', probe);
    probe.looks = 0;
    await withServer(dashboard(), async (url) => {
      const page = await ask(`${url}/`, 'HEAD');
      const stream = await ask(`${url}/?events=1`, 'HEAD');
      expect([page.status, page.body, stream.status, stream.body]).toEqual([200, '', 200, '']);
      expect(stream.headers['content-type']).toContain('text/event-stream');
      expect(probe.looks).toBe(0);
    });
  });

  it('looks at nothing while nobody watches, and once for all who do', async () => {
    const probe = new Probe();
    using _watch = watch('probe', probe);
    probe.looks = 0;
    await withServer(dashboard({ intervalMs }), async (url) => {
      await ask(`${url}/`);
      expect(probe.looks).toBe(0);
      const watchers = [new Watcher(url), new Watcher(url), new Watcher(url)];
      await until(() => watchers.every(({ frames }) => frames.length >= 5));
      // Each has got the same frames, but for the first ones, which came before they did.
      expect(probe.looks).toBeLessThan(2 * watchers[0]!.frames.length);
      watchers[0]!.close();
      watchers[1]!.close();
      await watchers[2]!.next();
      watchers[2]!.close();
      await pause(3 * intervalMs);
      const { looks } = probe;
      await pause(5 * intervalMs);
      expect(probe.looks).toBe(looks);
      const again = new Watcher(url);
      await again.next();
      expect(probe.looks).toBeGreaterThan(looks);
      again.close();
    });
  });

  it('keeps at most one frame for a client that does not read, and lets it go after a while', async () => {
    const probe = new Probe();
    using _watch = watch('x'.repeat(4 * MiB), probe);
    const handler = dashboard({ intervalMs });
    let response!: ServerResponse;
    const listener: RequestListener = (request, answer) => {
      response = answer;
      handler(request, answer);
    };
    await withServer(listener, async (url) => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.pause().write('GET /?events=1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await until(() => probe.looks > 2);
      const held = response.writableLength;
      expect(held).toBeGreaterThan(0);
      await until(() => probe.looks > 20);
      expect(response.writableLength).toBeLessThanOrEqual(held);
      await until(() => response.destroyed, 50_000);
      const { looks } = probe;
      await pause(5 * intervalMs);
      expect(probe.looks).toBe(looks);
      socket.destroy();
    });
  });

  it('goes on with a client that reads again', async () => {
    const probe = new Probe();
    using _watch = watch('x'.repeat(1 * MiB), probe);
    await withServer(dashboard({ intervalMs }), async (url) => {
      const watcher = new Watcher(url);
      await watcher.next();
      watcher.response!.pause();
      const { looks } = probe;
      await until(() => probe.looks > looks + 10);
      watcher.response!.resume();
      const { length } = watcher.frames;
      await until(() => watcher.frames.length > length + 3);
      expect(watcher.frames.at(-1)!.at).toBeGreaterThan(watcher.frames[0]!.at + 10 * intervalMs);
      watcher.close();
    });
  });

  it('ends its streams by close(), and begins no new ones', async () => {
    const handler = dashboard({ intervalMs });
    await withServer(handler, async (url) => {
      const watcher = new Watcher(url);
      await watcher.next();
      handler.close();
      await until(() => watcher.ended);
      expect((await ask(`${url}/?events=1`)).status).toBe(503);
      expect((await ask(`${url}/`)).status).toBe(200);
    });
  });

  it.each([
    [{ intervalMs: 99 }, 'ERR_OUT_OF_RANGE'],
    [{ intervalMs: NaN }, 'ERR_OUT_OF_RANGE'],
    [{ intervalMs: 2 ** 31 }, 'ERR_OUT_OF_RANGE'],
    [{ intervalMs: '1000' }, 'ERR_INVALID_ARG_TYPE'],
    [{ path: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ path: 'dashboard' }, 'ERR_INVALID_ARG_VALUE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %j', (options, code) => {
    expect(codeOf(() => dashboard(options as unknown as DashboardOptions))).toBe(code);
  });
});

describe('dashboard() mounted', () => {
  /** The page is there with and without a slash at the end, its stream too, and the rest is the application's. */
  async function expectMounted(url: string): Promise<void> {
    for (const place of [`${url}/ops/memory`, `${url}/ops/memory/`]) {
      const { status, body } = await ask(place);
      expect([status, body.includes('<title>offheap</title>')]).toEqual([200, true]);
      const watcher = new Watcher(place);
      expect((await watcher.next()).process.pid).toBe(process.pid);
      watcher.close();
    }
    expect((await ask(`${url}/ops/memory/other`)).status).toBe(404);
    expect((await ask(`${url}/`)).body).toBe('application');
  }

  it('works in Express', async () => {
    const app = express();
    app.use('/ops/memory', dashboard({ intervalMs }));
    app.get('/', (_request, response) => {
      response.send('application');
    });
    await withServer(app as RequestListener, expectMounted);
  });

  it('works in Connect', async () => {
    const app = connectApp();
    app.use('/ops/memory', dashboard({ intervalMs }));
    app.use((request, response, next) => {
      if (request.url === '/') {
        response.end('application');
      } else {
        next();
      }
    });
    await withServer(app, expectMounted);
  });

  it('works in Fastify', async () => {
    const app = fastify({ forceCloseConnections: true });
    const show = dashboard({ path: '/ops/memory', intervalMs });
    for (const path of ['/ops/memory', '/ops/memory/*']) {
      app.all(path, (request, reply) => {
        reply.hijack();
        show(request.raw, reply.raw);
      });
    }
    app.get('/', () => 'application');
    try {
      await expectMounted(await app.listen({ port: 0, host: '127.0.0.1' }));
    } finally {
      show.close();
      await app.close();
    }
  });

  it('works under a path of a plain server', async () => {
    const show = dashboard({ path: '/ops/memory/', intervalMs });
    await withServer((request, response) => {
      if (request.url === '/') {
        response.end('application');
      } else {
        show(request, response);
      }
    }, expectMounted);
  });
});

describe('startDashboard()', () => {
  it('listens on the machine itself, on any port that is free, until it is closed', async () => {
    const server = await startDashboard({ intervalMs });
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    const watcher = new Watcher(server.url);
    await watcher.next();
    await server.close();
    await until(() => watcher.ended);
    await expect(ask(server.url)).rejects.toThrow('ECONNREFUSED');
    await server.close();
  });

  it('names the path it was given, and ends with its block', async () => {
    let place: string;
    {
      await using server = await startDashboard({ path: '/memory' });
      place = server.url;
      expect(place).toMatch(/\d\/memory$/);
      expect((await ask(place)).status).toBe(200);
      expect((await ask(new URL('/', place).href)).status).toBe(404);
    }
    await expect(ask(place)).rejects.toThrow('ECONNREFUSED');
  });

  it('answers those alone who have asked for this machine', async () => {
    await using server = await startDashboard();
    const { port } = new URL(server.url);
    const statusFor = async (host: string): Promise<number> => (await ask(server.url, 'GET', { host })).status;
    expect(await statusFor(`localhost:${port}`)).toBe(200);
    expect(await statusFor(`[::1]:${port}`)).toBe(200);
    expect(await statusFor('127.0.0.1')).toBe(200);
    expect(await statusFor(`evil.example:${port}`)).toBe(403);
    expect(await statusFor('127.0.0.1.evil.example')).toBe(403);
    await using open = await startDashboard({ host: '0.0.0.0' });
    expect((await ask(open.url, 'GET', { host: 'metrics.example' })).status).toBe(200);
  });

  it('is rejected where the port is taken', async () => {
    await using server = await startDashboard();
    const port = Number(new URL(server.url).port);
    await expect(startDashboard({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it.each([
    [{ port: 65_536 }, 'ERR_OUT_OF_RANGE'],
    [{ port: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ port: '80' }, 'ERR_INVALID_ARG_TYPE'],
    [{ host: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ keepAlive: 'no' }, 'ERR_INVALID_ARG_TYPE'],
    [{ path: 'memory' }, 'ERR_INVALID_ARG_VALUE'],
    [{ intervalMs: 1 }, 'ERR_OUT_OF_RANGE'],
  ])('refuses %j', async (options, code) => {
    await expect(startDashboard(options as unknown as DashboardServerOptions)).rejects.toMatchObject({ code });
  });

  it.each([
    [false, 0],
    [true, 7],
  ])('with keepAlive %p, a process that is watched ends with %i', async (keepAlive, code) => {
    // A timer that keeps nothing alive fires only where something else does.
    const script = `
      const { get } = require('node:http');
      const { startDashboard } = require('offheap/dashboard');
      startDashboard({ keepAlive: ${keepAlive} }).then(({ url }) => {
        const request = get(url + '?events=1', { agent: false }, (response) => {
          response.once('data', () => {
            console.log('watched');
            response.resume().socket.unref();
            setTimeout(() => process.exit(7), 500).unref();
          });
        });
      });`;
    const root = join(__dirname, '../..');
    const ended = await new Promise((resolve) => {
      execFile(process.execPath, ['-e', script], { cwd: root, timeout: 30_000 }, (error, stdout) => {
        resolve([error?.code ?? 0, stdout]);
      });
    });
    expect(ended).toEqual([code, 'watched\n']);
  });
});

describe('What the dashboard measures', () => {
  it('has garbage collections since the last look', async () => {
    const vitals = new Vitals();
    vitals.start();
    collectGarbage();
    await pause(50);
    const { gc } = vitals.read();
    expect(gc.count).toBeGreaterThan(0);
    expect(gc.longest).toBeGreaterThan(0);
    expect(gc.total).toBeGreaterThanOrEqual(gc.longest);
    vitals.stop();
    collectGarbage();
    await pause(50);
    expect(vitals.read().gc).toEqual({ count: 0, total: 0, longest: 0 });
  });

  it('has the delay of the event loop, which is next to nothing where nobody holds it up', async () => {
    const vitals = new Vitals();
    vitals.start();
    await pause(200);
    const idle = vitals.read().loop;
    await pause(50); // a reading begins anew with the next look at the loop
    const end = Date.now() + 300;
    while (Date.now() < end); // holds up the loop
    await pause(100);
    const busy = vitals.read().loop;
    vitals.stop();
    expect(idle.median).toBeLessThan(50);
    expect(busy.max).toBeGreaterThan(200);
    expect(busy.max).toBeGreaterThanOrEqual(busy.p99);
    expect(busy.p99).toBeGreaterThanOrEqual(busy.median);
  });
});
