// What the programs share.
'use strict';

const { getEnvironmentData } = require('node:worker_threads');

const { BumpAlloc } = require('offheap');

/** More than any pool of Node's own has. */
const ALONE = 70_001;

/** Where a Buffer lies in the memory of all threads; -1 for one of Node's own. */
function offsetOf(buffer) {
  const installed = getEnvironmentData('offheap/global');
  try {
    return BumpAlloc.attach(installed.handle).offsetOf(buffer);
  } catch {
    return -1; // nothing is installed, what was is gone, or it is a Buffer of Node's own
  }
}

function isRouted(buffer = Buffer.allocUnsafe(ALONE)) {
  return offsetOf(buffer) >= 0;
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

module.exports = { ALONE, isRouted, isZero, offsetOf, outcome, overlaps, print };
