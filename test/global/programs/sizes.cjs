// Buffers of many sizes, by both functions that are routed: where they lie, and what is in them. Run with --expose-gc.
'use strict';

const { isRouted, isZero, offsetOf, print } = require('./common.cjs');

const SIZES = [1, 100, 4095, 4096, 8192, 65_536, 1_048_576];

/** Both functions, with Buffers of this size. Those of concat have a byte set, so that it is known who has made them. */
function bothOf(size) {
  const whole = Buffer.alloc(size, 1);
  const middle = size >>> 1;
  return [Buffer.allocUnsafe(size), Buffer.concat([whole.subarray(0, middle), whole.subarray(middle)])];
}

function look() {
  let end = 0;
  return SIZES.flatMap((size) =>
    bothOf(size).map((buffer, i) => {
      const behind = offsetOf(buffer) >= end;
      end = offsetOf(buffer) + size;
      const right = i === 0 ? isZero(buffer) : buffer.every((byte) => byte === 1);
      return buffer instanceof Buffer && buffer.length === size && behind && right;
    }),
  ).every(Boolean);
}

/** Fills Buffers with ones and drops them. */
function soil() {
  for (let i = 0; i < 20; i++) {
    SIZES.flatMap(bothOf).forEach((buffer) => buffer.fill(255));
  }
  gc();
}

const routed = isRouted();
const clean = look();
soil();
const none = [Buffer.allocUnsafe(0), Buffer.concat([]), Buffer.concat([Buffer.alloc(0)])];
print({ routed, clean, cleanAgain: look(), none: none.map(({ length }) => length) });
