// Memory from a pool of Buffers. Each is given back when the request is done.
import { BufferPool } from 'offheap';

export class Memory {
  #pool;

  /** @param {{ idleMs: number }} options After how many milliseconds memory that nobody uses goes back to the system. */
  constructor({ idleMs }) {
    this.#pool = new BufferPool({ name: 'images', idleMs });
  }

  get live() {
    return this.#pool.stats.live;
  }

  async forRequest(request, response, work) {
    const scratch = new Scratch(this.#pool);
    try {
      return await work(scratch);
    } finally {
      scratch.release();
    }
  }
}

class Scratch {
  #pool;
  #buffers = [];

  constructor(pool) {
    this.#pool = pool;
  }

  buffer(length) {
    const buffer = this.#pool.acquire(length);
    this.#buffers.push(buffer);
    return buffer;
  }

  array(Type, length) {
    const { buffer, byteOffset } = this.buffer(length * Type.BYTES_PER_ELEMENT);
    return new Type(buffer, byteOffset, length);
  }

  release() {
    this.#buffers.forEach((buffer) => this.#pool.release(buffer));
  }
}
