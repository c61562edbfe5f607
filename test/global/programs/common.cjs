// What the programs share.
'use strict';

/** More than any pool of Node's own has, so that a Buffer of this size is on an ArrayBuffer of this size, unless it is routed. */
const ALONE = 70_001;

function isRouted(buffer = Buffer.allocUnsafe(ALONE)) {
  return buffer.buffer.byteLength > buffer.length;
}

function isZero(buffer) {
  return buffer.every((byte) => byte === 0);
}

/** Code and message of what a function throws; what it returns, else. */
function outcome(use) {
  try {
    return use();
  } catch ({ name, code, message }) {
    return { name, code, message };
  }
}

/** So many of the ranges `[start, length]` begin before the one before them has ended. */
function overlaps(ranges) {
  const sorted = ranges.toSorted(([a], [b]) => a - b);
  return sorted.filter(([start], i) => i > 0 && sorted[i - 1][0] + sorted[i - 1][1] > start).length;
}

function print(answer) {
  console.log(JSON.stringify(answer));
}

module.exports = { ALONE, isRouted, isZero, outcome, overlaps, print };
