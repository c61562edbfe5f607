// Memory from an arena that each request has for itself. All of it is given back at once: when the answer was sent, or when the
// client has gone and the handler has found that out.
import { requestArena } from 'offheap';

export class Memory {
  #arenas;

  /** @param {{ idleMs: number }} options After how many milliseconds memory that nobody uses goes back to the system. */
  constructor({ idleMs }) {
    // Not zeroed, as Buffers are not: the server writes all that it reads or sends.
    this.#arenas = requestArena({ name: 'images', zeroed: false, idleMs });
  }

  get live() {
    return this.#arenas.pool.stats.live;
  }

  forRequest(request, response, work) {
    return new Promise((resolve, reject) => {
      this.#arenas(request, response, (error) => {
        if (error === undefined) {
          resolve(work(new Scratch(request.arena)));
        } else {
          reject(error);
        }
      });
    });
  }
}

class Scratch {
  #arena;

  constructor(arena) {
    this.#arena = arena;
  }

  buffer(length) {
    return this.#arena.alloc(length) ?? outOfMemory();
  }

  array(Type, length) {
    return this.#arena.allocArray(Type, length) ?? outOfMemory();
  }
}

function outOfMemory() {
  throw new Error('There is no memory for a request');
}
