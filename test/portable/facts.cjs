// What differs between runtimes, and matters to those who use the package: docs/platforms.md has it in a table.
'use strict';

const { BumpArenaLazy, GiB, KiB } = require('../../lib');
const { system } = require('../../build/Release/offheap.node');

const arena = () => new BumpArenaLazy(64 * KiB);

function canReserve(size) {
  try {
    new BumpArenaLazy(size).dispose();
    return 'yes';
  } catch {
    return 'no';
  }
}

/** What becomes of a Buffer that was kept over `reset()`. */
function staleBuffer() {
  const one = arena();
  const block = one.alloc(8).fill(7);
  one.reset();
  one.alloc(8).fill(9);
  return block.length === 0 ? 'has length 0' : `reads ${block[0]}`;
}

/** What becomes of memory that is to be moved elsewhere. */
function transferred() {
  const { buffer } = arena().alloc(8);
  try {
    structuredClone(buffer, { transfer: [buffer] });
    return buffer.byteLength === 0 ? 'moves it' : 'copies it';
  } catch (error) {
    return error.name;
  }
}

module.exports = () => ({
  'An arena of more than 4 GiB': canReserve(5 * GiB),
  'A Buffer kept over `reset()`': staleBuffer(),
  'structuredClone with `transfer`': transferred(),
  '`ArrayBuffer.prototype.transfer()`': 'transfer' in ArrayBuffer.prototype ? 'yes' : 'no',
  '`process.constrainedMemory()`': typeof process.constrainedMemory === 'function' ? 'yes' : 'no',
  'Renewing moves pages, which stay warm': system.canMove ? 'yes' : 'no',
  'Discarded memory is zero': system.discardZeroes ? 'yes' : 'no',
  'Asks for huge pages': system.hugePageSize > 0 ? 'yes' : 'no',
  'The system limits mappings': Number.isFinite(system.maxMappings) && system.maxMappings < 2 ** 50 ? 'yes' : 'no',
  'Page size': `${system.pageSize}`,
});
