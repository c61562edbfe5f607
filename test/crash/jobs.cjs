// Jobs that Node runs outside of JavaScript, in other threads or in the kernel, on blocks of an arena.
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');

const { BumpArena, BumpArenaLazy, KiB, MiB, collect, PATIENCE, sleep } = require('./support.cjs');

/** What all jobs together allocate. */
const JOB_BYTES = 26 * MiB;

// Machine code compresses badly enough: the output takes several chunks, each of them another job on the same input.
const code = Buffer.alloc(16 * MiB);
const executable = fs.openSync(process.execPath, 'r');
fs.readSync(executable, code, 0, code.length, 32 * MiB);

function blockOf(arena, size) {
  const block = arena.alloc(size);
  code.copy(block);
  return block;
}

function compress(stream, block, done) {
  stream.on('error', done).on('end', done).resume();
  stream.end(block);
}

const quality = (value) => ({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: value } });

/** Each starts one job on the arena, and has `done(error)` called at its end. */
const starters = {
  gzip: (arena, done) => zlib.gzip(blockOf(arena, MiB), { level: 9 }, done),
  deflate: (arena, done) => compress(zlib.createDeflate({ level: 9 }), blockOf(arena, MiB), done),
  brotli: (arena, done) => zlib.brotliCompress(blockOf(arena, 512 * KiB), quality(10), done),
  brotliStream: (arena, done) => compress(zlib.createBrotliCompress(quality(5)), blockOf(arena, MiB), done),
  randomFill: (arena, done) => crypto.randomFill(blockOf(arena, 16 * MiB), done),
  read: (arena, done) => {
    fs.read(executable, blockOf(arena, MiB), 0, MiB, 0, (error, bytes) => {
      assert.ok(error || bytes === MiB, `read ${bytes} bytes`);
      done(error);
    });
  },
  write: (arena, done) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'offheap-crash-'));
    const file = fs.openSync(path.join(folder, 'file'), 'w');
    fs.write(file, blockOf(arena, MiB), 0, MiB, 0, (error, bytes) => {
      fs.closeSync(file);
      fs.rmSync(folder, { recursive: true });
      assert.ok(error || bytes === MiB, `wrote ${bytes} bytes`);
      done(error);
    });
  },
  socket: (arena, done, { near, far }) => {
    const block = blockOf(arena, 4 * MiB); // more than the kernel takes while nobody reads
    let received = 0;
    far.on('data', (chunk) => (received += chunk.length));
    far.on('end', () => done(received === 4 * MiB ? null : new Error(`got ${received} bytes`)));
    far.pause();
    setTimeout(() => far.resume(), 30);
    near.end(block);
  },
};

async function connect() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = net.connect(server.address().port, '127.0.0.1');
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  server.close();
  return { near, far };
}

// A zlib stream whose input has been detached ends by an uncaught exception of Node's own.
let thrown = 0;
process.on('uncaughtException', (error) => {
  if (error.code !== 'ERR_OUT_OF_RANGE' || !/buffer is out of bounds/.test(error.message)) {
    console.error(error);
    process.exit(1);
  }
  thrown++;
});

/**
 * Starts every job that is named and answers, before any of them can have ended, with a function that collects garbage
 * until all have. That function answers how many of them have thrown.
 */
async function startJobs(arena, names = Object.keys(starters)) {
  const sockets = names.includes('socket') ? await connect() : null;
  const running = new Set(names);
  const thrownBefore = thrown;
  for (const name of names) {
    const done = (error) => {
      // Bun may hand a job's refusal over here, where others throw it.
      assert.ok(!error || /detached or resized/.test(error.message), error);
      assert.ok(running.delete(name), `${name} ended twice`);
    };
    starters[name](arena, done, sockets);
  }
  return async () => {
    const deadline = performance.now() + 30_000 * PATIENCE;
    while (running.size > thrown - thrownBefore) {
      assert.ok(performance.now() < deadline, `still running: ${[...running].join(', ')}`);
      await collect(1);
      await sleep(1);
    }
    await collect();
    return running.size;
  };
}

/**
 * Calls `use` with an arena of either kind and what startJobs answered: before the first job can have begun, and in the
 * middle of them.
 */
async function underJobs(use) {
  for (const Arena of [BumpArenaLazy, BumpArena]) {
    for (const delay of [0, 20]) {
      const arena = new Arena(JOB_BYTES);
      const ended = await startJobs(arena);
      if (delay > 0) {
        await sleep(delay);
      }
      await use(arena, ended);
      arena.dispose();
    }
  }
}

module.exports = { JOB_BYTES, startJobs, underJobs };
