// What the random test may do at each step. The name of an operation says which exports of the package it drives.
'use strict';

const { once } = require('node:events');
const { PassThrough, Readable } = require('node:stream');
const { text } = require('node:stream/consumers');
const http = require('node:http');
const net = require('node:net');
const { join } = require('node:path');
const { Worker } = require('node:worker_threads');

const fastify = require('fastify');

const offheap = require('../../dist');
const { startDashboard } = require('../../dist/monitor/dashboard');
const { requestArenaPlugin } = require('../../dist/server/fastify');
const { holders } = require('./holders.cjs');
const { Point, records } = require('./records.cjs');
const { assert } = require('./world.cjs');

const { KiB, MiB } = offheap;

const anyHolder = (world, isOne = () => true) => {
  const some = world.holders.filter(isOne);
  return some.length > 0 ? world.random.of(some) : null;
};

/** fetch() would keep something of every server that ever was. */
async function get(url) {
  const [answer] = await once(http.get(url, { agent: false }), 'response');
  return text(answer);
}

/** How often each is done, of 1000 steps or so. */
const operations = [
  ...Object.entries(holders).map(([name, make]) => ({ name, weight: 6, run: make })),
  ...Object.entries(records).map(([name, run]) => ({ name, weight: 60, run })),
  {
    name: 'alloc',
    weight: 500,
    run(world) {
      const holder = anyHolder(world);
      if (holder === null) {
        return;
      }
      const zeroed = holder.zeroed !== undefined && world.random.oneIn(3);
      let size = world.random.size(300 * KiB);
      size = holder.modulo ? size % holder.modulo : size;
      const block = world.attempt(() => (zeroed ? holder.zeroed(size) : holder.alloc(size)));
      if (block !== null) {
        world.fill(holder, block, size, zeroed);
      }
      if (holder.blocks.length > 200) {
        world.take(holder, 0);
      }
    },
  },
  {
    name: 'free',
    weight: 250,
    run(world) {
      const holder = anyHolder(world, ({ free, blocks }) => free !== null && blocks.length > 0);
      if (holder !== null) {
        const { block } = world.take(holder);
        if (block.length > 0 || holder.name !== 'FreeList') {
          holder.free(block);
        }
      }
    },
  },
  {
    name: 'check',
    weight: 60,
    run(world) {
      const holder = anyHolder(world);
      if (holder !== null) {
        world.checkAll(holder);
      }
      world.touchStale();
    },
  },
  {
    name: 'reset',
    weight: 30,
    run(world) {
      const holder = anyHolder(world, ({ reset }) => reset !== null);
      holder?.reset(holder);
    },
  },
  {
    name: 'end',
    weight: 40,
    run(world) {
      const holder = anyHolder(world);
      if (holder !== null) {
        world.end(holder);
      }
    },
  },
  {
    name: 'drop',
    weight: 10,
    run(world) {
      const holder = anyHolder(world, ({ arena, shared }) => arena ?? shared);
      if (holder !== null) {
        world.note(`drop ${holder.name}`);
        world.forget(holder, true);
        world.holders.splice(world.holders.indexOf(holder), 1);
      }
    },
  },
  {
    name: 'checkpoint rewind scope pin trim place',
    weight: 40,
    run(world) {
      const { arena, name } = anyHolder(world, (holder) => holder.arena) ?? {};
      if (arena === undefined) {
        return;
      }
      world.note(`frames of ${name}`);
      const checkpoint = arena.checkpoint();
      const before = arena.used;
      world.attempt(() => arena.scope(() => arena.alloc(world.random.size(10_000))?.fill(0)));
      world.attempt(() => assert.equal(arena.place(Point, { id: 5, at: 1 })?.id ?? 5, 5));
      arena.rewind(checkpoint);
      assert.equal(arena.used, before);
      arena.pin().release();
      if (world.random.oneIn(3)) {
        world.attempt(() => arena.trim());
      }
      assert.ok(arena.stats.live >= 0);
      assert.ok(world.random.oneIn(2) || offheap.memoryMap(arena).startsWith('<svg'));
    },
  },
  {
    name: 'transfer',
    weight: 15,
    run(world) {
      const holder = anyHolder(world, ({ arena, blocks }) => arena && blocks.length > 0);
      if (holder === null) {
        return;
      }
      world.note(`transfer from ${holder.name}`);
      const { buffer } = world.random.of(holder.blocks).block;
      world.forget(holder, false);
      try {
        const taken = structuredClone(buffer, { transfer: [buffer] });
        assert.ok(taken.byteLength >= 0);
      } catch (error) {
        assert.equal(error.name, 'DataCloneError');
        if (ArrayBuffer.prototype.transfer && world.random.oneIn(2)) {
          new Uint8Array(buffer.transfer()).fill(9);
        }
      }
    },
  },
  {
    name: 'clone',
    weight: 15,
    run(world) {
      const holder = anyHolder(world, ({ blocks }) => blocks.length > 0);
      if (holder !== null) {
        const { block, mark } = world.random.of(holder.blocks);
        assert.ok(structuredClone(block).every((byte) => byte === mark));
      }
    },
  },
  {
    name: 'pool lease touch prewarm trim',
    weight: 20,
    run(world) {
      const { pool } = anyHolder(world, (holder) => holder.pool) ?? {};
      if (pool === undefined) {
        return;
      }
      const lease = pool.lease(world.random.size(100_000));
      if (lease !== null) {
        pool.touch(lease.buffer, 'here');
        lease.release();
      }
      pool.prewarm(4096, 3);
      pool.trim();
      assert.ok(pool.stats.live >= 0);
    },
  },
  {
    name: 'withArena currentArena arenaPools readInto BodyError',
    weight: 20,
    async run(world) {
      world.note('withArena');
      const length = world.random.size(100_000);
      const body = Readable.from([Buffer.alloc(length, 3)]);
      try {
        await offheap.withArena(async (arena) => {
          assert.equal(offheap.currentArena(), arena);
          const limit = world.random.oneIn(4) ? 10 : 200_000;
          const read = await offheap.readInto(body, { arena, limit });
          assert.equal(read.length, length);
          assert.ok(read.every((byte) => byte === 3));
        });
      } catch (error) {
        if (error instanceof offheap.BodyError) {
          assert.ok(error.code);
        } else if (error.code !== 'ERR_OFFHEAP_OS') {
          throw error;
        }
      }
      assert.ok([...offheap.arenaPools].length > 0);
    },
  },
  {
    name: 'requestArena',
    weight: 2,
    async run(world) {
      world.note('requestArena');
      const middleware = offheap.requestArena({ capacity: MiB });
      const refused = (error) => error?.code === 'ERR_OFFHEAP_OS';
      const server = http.createServer((request, response) => {
        try {
          middleware(request, response, (error) => {
            const block = error ? null : world.attempt(() => request.arena.alloc(1000)?.fill('a') ?? null);
            response.end(block ?? 'refused');
          });
        } catch (error) {
          response.end(refused(error) ? 'refused' : String(error));
        }
      });
      await once(server.listen(0), 'listening');
      const answer = await get(`http://localhost:${server.address().port}`);
      assert.ok(answer === 'refused' || answer === 'a'.repeat(1000), answer);
      server.closeAllConnections();
      server.close();
    },
  },
  {
    name: 'onread',
    weight: 2,
    async run(world) {
      const arena = world.attempt(() => new offheap.BumpArenaLazy(MiB));
      const reader = arena && world.attempt(() => offheap.onread(arena, () => true, { size: 4096 }));
      if (reader) {
        const server = net.createServer((socket) => socket.end(Buffer.alloc(5000, 1)));
        await once(server.listen(0), 'listening');
        const socket = net.connect({ port: server.address().port, onread: reader });
        await once(socket.resume(), 'close');
        reader.release();
        server.close();
      }
      arena?.dispose();
    },
  },
  {
    name: 'watch registerMetrics memoryMap memoryUsage',
    weight: 3,
    async run(world) {
      const { arena } = anyHolder(world, (holder) => holder.arena) ?? {};
      if (arena !== undefined) {
        const watched = offheap.watch(`arena ${world.marks++}`, arena);
        const metrics = [];
        offheap.registerMetrics({ registerMetric: (metric) => metrics.push(metric), getSingleMetric: () => undefined });
        await Promise.all(metrics.map((metric) => metric.get()));
        watched.end();
      }
      assert.ok(offheap.memoryMap().startsWith('<svg'));
      assert.ok(offheap.memoryUsage().committed >= 0);
    },
  },
  {
    name: 'startDashboard dashboard',
    weight: 1,
    async run(world) {
      world.note('dashboard');
      const server = await startDashboard();
      assert.match(await get(server.url), /^<!doctype html>/i);
      await server.close();
    },
  },
  {
    name: 'requestArenaPlugin',
    weight: 1,
    async run(world) {
      world.note('requestArenaPlugin');
      const app = fastify();
      await app.register(requestArenaPlugin, { capacity: MiB });
      app.get('/', async ({ arena }) => world.attempt(() => arena.alloc(1000)?.fill('a') ?? null) ?? 'refused');
      const { statusCode, body } = await app.inject('/');
      assert.ok(
        body === 'refused' || body === 'a'.repeat(1000) || /ERR_OFFHEAP_OS/.test(body),
        `${statusCode} ${body}`,
      );
      await app.close();
    },
  },
  {
    name: 'save',
    weight: 2,
    async run(world) {
      const arena = world.attempt(() => new offheap.TypedArena(Point, 100));
      if (arena) {
        for (let i = 0; i < 50; i++) {
          arena.push({ id: i });
        }
        const stream = new PassThrough();
        const [loaded] = await Promise.all([offheap.TypedArena.load(Point, stream), arena.save(stream)]).catch(
          (error) => {
            if (error.code !== 'ERR_OFFHEAP_OS') {
              throw error;
            }
            return [];
          },
        );
        assert.equal(loaded?.at(49).id ?? 49, 49);
        loaded?.dispose();
        arena.dispose();
      }
    },
  },
  {
    name: 'workers',
    weight: 2,
    async run(world) {
      world.workers = world.workers.filter(({ threadId }) => threadId !== -1);
      if (world.workers.length >= 2) {
        world.note('terminate a worker');
        await world.workers.shift().terminate();
        world.terminated++;
        return;
      }
      world.note('start a worker');
      const { shared } = anyHolder(world, (holder) => holder.shared) ?? {};
      const handle = (shared ?? offheap.BumpAlloc.withSize(MiB)).handle;
      const workerData = { handle, seed: world.random.below(2 ** 32), routes: world.random.oneIn(3) };
      const worker = new Worker(join(__dirname, 'worker.cjs'), { workerData });
      worker.shared = shared; // until it has attached
      worker.on('error', (error) => {
        // Nobody may be left to hold the memory that its handle is of.
        if (error.code !== 'ERR_OFFHEAP_HANDLE') {
          process.nextTick(() => {
            throw error;
          });
        }
      });
      world.workers.push(worker);
    },
  },
  {
    name: 'setMemoryLimit memoryLimit',
    weight: 3,
    run(world) {
      const limit = world.random.oneIn(2) ? offheap.memoryUsage().committed + world.random.below(64) * MiB : Infinity;
      world.note(`limit ${limit}`);
      offheap.setMemoryLimit(limit);
      assert.equal(offheap.memoryLimit(), limit);
    },
  },
  { name: 'collect garbage', weight: 3, run: () => gc() },
  {
    name: 'a turn of the event loop',
    weight: 20,
    run: () => new Promise((resolve) => setImmediate(resolve)),
  },
];

module.exports = { operations };
