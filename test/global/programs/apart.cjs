// Whether a Buffer's ArrayBuffer shows anything but the slab that the Buffer lies in: what is given away, or posted, with one Buffer
// must be no other slab's.
'use strict';

const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

const { BumpAlloc, KiB, MiB } = require('offheap');
const { installGlobal } = require('offheap/global');
const { isZero, overlaps, print } = require('./common.cjs');

const SIZES = [
  1,
  100,
  1000,
  5000,
  16 * KiB,
  64 * KiB,
  200 * KiB,
  256 * KiB,
  256 * KiB + 1,
  600 * KiB,
  1 * MiB,
  3 * MiB,
];
const alloc = BumpAlloc.withSize(512 * MiB);
installGlobal(alloc);

const ways = {
  /** Of Buffers of all sizes in every order. */
  exposures() {
    const buffers = Array.from({ length: 600 }, (_, i) =>
      Buffer.allocUnsafe(SIZES[(i * 5 + Math.floor(i / 9)) % SIZES.length]),
    );
    const distinct = [...new Map(buffers.map((buffer) => [buffer.buffer, buffer])).values()];
    const ranges = distinct.map((buffer) => [alloc.offsetOf(buffer) - buffer.byteOffset, buffer.buffer.byteLength]);
    const longest = Math.max(...buffers.filter(({ length }) => length <= MiB).map(({ buffer }) => buffer.byteLength));
    const alone = buffers.filter(({ length }) => length > 256 * KiB);
    return {
      overlaps: overlaps(ranges),
      longest,
      alone: alone.every(({ length, buffer }) => buffer.byteLength === length),
      shared: distinct.length < buffers.length,
    };
  },

  /** Of Buffers that are made after one before them was given to a byte stream, whose reader writes to all that it has got. */
  async stolen() {
    let zero = true;
    let untouched = true;
    for (let i = 0; i < 50; i++) {
      const victim = Buffer.allocUnsafe(SIZES[i % 5]);
      const stream = new ReadableStream({ type: 'bytes', start: (controller) => controller.enqueue(victim) });
      const { value } = await stream.getReader().read();
      const later = Array.from({ length: 20 }, () => Buffer.allocUnsafe(2000));
      new Uint8Array(value.buffer).fill(255);
      const last = Array.from({ length: 20 }, () => Buffer.allocUnsafe(2000));
      zero &&= [...later, ...last].every(isZero);
      later.forEach((buffer) => buffer.fill(1));
      untouched &&= new Uint8Array(value.buffer).every((byte) => byte === 255);
    }
    return { zero, untouched };
  },

  /** What short-lived workers cost that need hardly anything. */
  async workers() {
    const before = alloc.allocated;
    const code = `require('offheap/global'); Buffer.allocUnsafe(10)`;
    for (let i = 0; i < 10; i++) {
      await once(new Worker(code, { eval: true }), 'exit');
    }
    return (alloc.allocated - before) / 10 <= 128 * KiB;
  },
};

(async () => print(await ways[process.argv[2]]()))();
