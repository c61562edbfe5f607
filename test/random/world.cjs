// What the operations of the random test share: chance, the blocks that are alive with what has to be in them, and which
// refusals are in order.
'use strict';

const assert = require('node:assert/strict');

/** The same numbers for the same seed. Weyl sequence and the finalizer of MurmurHash3. */
class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  below(limit) {
    this.state = (this.state + 0x9e3779b9) >>> 0;
    let bits = this.state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return ((bits ^ (bits >>> 16)) >>> 0) % limit;
  }

  oneIn(count) {
    return this.below(count) === 0;
  }

  of(list) {
    return list[this.below(list.length)];
  }

  /** Bytes: small ones most of the time, and at times as many as `most`. */
  size(most) {
    return this.oneIn(20) ? this.below(most) : this.below(Math.min(most, this.of([64, 1024, 20_000])));
  }
}

/** Where the system, or the limit, has refused, and nothing is wrong. */
const REFUSALS = new Set(['ERR_OFFHEAP_OS', 'ERR_OFFHEAP_FULL']);

class World {
  /** What allocates, with the blocks that it has handed out. */
  holders = [];
  /** Views on memory that is not theirs any more: they may be read and written, and nothing may come of it. */
  stale = [];
  /** What was done last, for the report. */
  log = [];
  marks = 0;
  refused = 0;
  workers = [];
  /** How many workers were. */
  terminated = 0;

  constructor(seed) {
    this.random = new Random(seed);
  }

  note(text) {
    this.log.push(text);
    if (this.log.length > 60) {
      this.log.shift();
    }
  }

  /** What a use answers; null where it was refused as it may be. */
  attempt(use) {
    try {
      return use();
    } catch (error) {
      if (!REFUSALS.has(error.code)) {
        throw error;
      }
      this.refused++;
      return null;
    }
  }

  add(name, alloc, rest = {}) {
    if (this.holders.length >= 40) {
      this.end(this.random.of(this.holders));
    }
    const holder = { name, alloc, blocks: [], reset: null, free: null, dispose: () => {}, ...rest };
    this.holders.push(holder);
    this.note(`new ${name}`);
    return holder;
  }

  /** Adds a block, which must be of that size, and zero where that was promised; fills it with its mark. */
  fill(holder, block, size, zeroed = false) {
    // A FreeList hands out whole blocks.
    assert.ok(block.length === size || (holder.modulo && block.length > size), `${holder.name}: length`);
    if (zeroed) {
      assert.ok(isAll(block, 0), `${holder.name}: not zeroed`);
    }
    const mark = (this.marks++ % 255) + 1;
    block.fill(mark);
    holder.blocks.push({ block, mark });
  }

  /** Takes a block out; its contents must be what was put in. */
  take(holder, index = this.random.below(holder.blocks.length)) {
    const [taken] = holder.blocks.splice(index, 1);
    this.check(holder, taken);
    return taken;
  }

  check(holder, { block, mark }) {
    assert.ok(isAll(block, mark), `${holder.name}: a block of ${block.length} bytes has other bytes than ${mark}`);
  }

  checkAll(holder) {
    holder.blocks.forEach((block) => this.check(holder, block));
  }

  /**
   * The holder starts over. Those who have kept blocks may touch them if `safe`. Where `startOver` is refused, nothing has changed:
   * the blocks are alive, and what is handed out later, after `resetUnsafe()`, may be over them.
   */
  forget(holder, safe, startOver = () => {}) {
    this.checkAll(holder);
    if (this.attempt(startOver) === null) {
      this.checkAll(holder);
      return;
    }
    if (safe) {
      this.stale.push(...holder.blocks.slice(0, 3).map(({ block }) => block));
      this.stale.splice(0, this.stale.length - 100);
    }
    holder.blocks = [];
  }

  end(holder) {
    this.note(`end ${holder.name}`);
    this.holders.splice(this.holders.indexOf(holder), 1);
    this.checkAll(holder);
    holder.dispose();
  }

  touchStale() {
    for (const block of this.stale) {
      if (block.length > 0) {
        block[0] ^= 1;
        block[block.length - 1] ^= 1;
      }
    }
  }
}

function isAll(bytes, value) {
  return bytes.length === 0 || (bytes[0] === value && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0);
}

module.exports = { assert, isAll, Random, World };
