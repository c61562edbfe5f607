// Whose the Buffers are, where installGlobal was given a BumpAlloc.
'use strict';

const { BumpAlloc, MiB } = require('offheap');
const { installGlobal } = require('offheap/global');
const { print } = require('./common.cjs');

const SIZES = [1, 100, 4095, 4096, 8192, 65_536, 1_048_576];
const part = Buffer.alloc(2 ** 20, 1);
const alloc = BumpAlloc.withSize(16 * MiB);

const before = [Buffer.allocUnsafe(100), Buffer.concat([part.subarray(0, 100)])].map((each) => alloc.owns(each));
installGlobal(alloc);
const { allocated } = alloc;
const unsafe = SIZES.map((size) => Buffer.allocUnsafe(size));
const concatenated = SIZES.map((size) => Buffer.concat([part], size));
// What promises memory of its own, or does not come from the two functions.
const others = [Buffer.allocUnsafeSlow(100), Buffer.alloc(100), Buffer.from('text'), Buffer.allocUnsafe(0)];
const sum = 2 * SIZES.reduce((a, b) => a + b);
print({
  before,
  allocUnsafe: unsafe.every((each) => alloc.owns(each)),
  concat: concatenated.every((each) => alloc.owns(each)),
  fallen: others.filter((each) => alloc.owns(each)),
  account: allocated === 0 && alloc.allocated >= sum && alloc.allocated < sum + 1 * MiB, // what is left of the slab
});
