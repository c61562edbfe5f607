// Buffers of a pool are released, trimmed, lost and disposed of under jobs that run on them
'use strict';
const { promises: fs } = require('node:fs');
const crypto = require('node:crypto');
const zlib = require('node:zlib');
const { BufferPool, collect, run, seededRandom } = require('../support.cjs');

run(async () => {
  const { below, pick } = seededRandom();
  const file = await fs.open(module.filename);
  const settled = (promise) =>
    promise.then(
      () => {},
      () => {},
    );
  const jobs = [
    (buffer) => settled(file.read(buffer, 0, buffer.length, 0)),
    (buffer) => new Promise((resolve) => crypto.randomFill(buffer, () => resolve())),
    (buffer) => new Promise((resolve) => zlib.gzip(buffer, () => resolve())),
    (buffer) =>
      new Promise((resolve) =>
        zlib.brotliCompress(buffer, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }, () => resolve()),
      ),
    (buffer) => settled(crypto.subtle.digest('SHA-256', buffer)),
  ];
  for (let round = 0; round < 25; round++) {
    const pool = new BufferPool({
      idleMs: 1 + below(20),
      leakDetection: pick(['off', 'simple', 'paranoid']),
      zeroOnRelease: below(2) === 0,
    });
    const running = [];
    for (let i = 0; i < 30; i++) {
      const buffer = pool.acquire(1 + below(300_000));
      running.push(pick(jobs)(buffer));
      pick([() => pool.release(buffer), () => (pool.release(buffer), pool.trim()), () => {}, () => gc()])();
    }
    if (below(2) === 0) {
      pool.dispose();
    }
    await collect(1);
    await Promise.all(running);
  }
  await file.close();
  await collect();
});
