// Holds a file of lines in memory, as it came, and finds each of them. It knows nothing of offheap.
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';

const LINE_END = 10;

/** Cuts a stream where lines end, so that each Buffer that comes out holds whole lines. */
class WholeLines extends Transform {
  #rest = [];

  _transform(chunk, _encoding, done) {
    const end = chunk.lastIndexOf(LINE_END) + 1;
    if (end > 0) {
      this.push(Buffer.concat([...this.#rest, chunk.subarray(0, end)]));
      this.#rest = [];
    }
    this.#rest.push(chunk.subarray(end));
    done();
  }

  _flush(done) {
    const last = Buffer.concat(this.#rest);
    done(null, last.length > 0 ? last : null);
  }
}

export class Table {
  /** Whole lines, as many as a block happens to hold. */
  #blocks = [];
  /** The number of each block's first line. */
  #first = [];
  /** Where each line ends in its block. */
  #ends = new Uint32Array(1024);
  length = 0;
  bytes = 0;

  static async load(file) {
    const table = new Table();
    const stages = [createReadStream(file), ...(file.endsWith('.gz') ? [createGunzip()] : []), new WholeLines()];
    await pipeline(...stages, async (blocks) => {
      for await (const block of blocks) {
        table.#add(block);
      }
    });
    return table;
  }

  #add(block) {
    this.#blocks.push(block);
    this.#first.push(this.length);
    this.bytes += block.length;
    for (let start = 0; start < block.length;) {
      const found = block.indexOf(LINE_END, start);
      const end = found < 0 ? block.length : found + 1;
      this.#addEnd(end);
      start = end;
    }
  }

  #addEnd(end) {
    if (this.length === this.#ends.length) {
      const longer = new Uint32Array(2 * this.length);
      longer.set(this.#ends);
      this.#ends = longer;
    }
    this.#ends[this.length++] = end;
  }

  /** The bytes of a line, which are parsed when somebody wants to know. */
  at(index) {
    let [low, high] = [0, this.#first.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      [low, high] = this.#first[middle] <= index ? [middle, high] : [low, middle - 1];
    }
    return this.#blocks[low].subarray(index === this.#first[low] ? 0 : this.#ends[index - 1], this.#ends[index]);
  }
}
