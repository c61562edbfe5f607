import { transfer } from './detach';

/**
 * One piece of memory, which ArrayBuffers have one after the other.
 *
 * Moving it on leaves the one before detached, and the views on it empty. But a job that was started on that one goes on
 * working on the memory, and what it holds, and Node keeps alive for it, is the ArrayBuffer object. So every ArrayBuffer
 * that has ever had the memory keeps its store alive, and the store keeps the one that has it now.
 */
export class Store {
  #buffer: ArrayBuffer | undefined;

  /** Says who has the memory at first. */
  give(buffer: ArrayBuffer): void {
    this.#buffer = buffer;
    storeOf.set(buffer, this);
  }

  /** Moves the memory on to a new ArrayBuffer; `null` where that is refused. */
  move(): ArrayBuffer | null {
    const next = transfer(this.#buffer!);
    if (next !== null) {
      this.give(next);
    }
    return next;
  }
}

const storeOf = new WeakMap<ArrayBuffer, Store>();
