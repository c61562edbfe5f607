import { inspect, type InspectOptions } from 'node:util';

import { illegalConstructor } from '../errors';
import { definitionOf } from './definition';
import { reach } from './field-type';

/** What all references have in common, whatever their fields. */
export abstract class Reference {
  /** The record as a plain object that has nothing to do with the arena: a deep copy. */
  abstract toObject(): Record<string, unknown>;

  /** What `JSON.stringify` takes: as `toObject()`, with bigints as decimal strings and typed arrays as arrays. */
  abstract toJSON(): Record<string, unknown>;

  /** Name and value of each field, as in `toObject()`: for `new Map(record)`, and for jest, which compares them. */
  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return Object.entries(this.toObject())[Symbol.iterator]();
  }

  [inspect.custom](depth: number, options: InspectOptions, inspectValue: typeof inspect): string {
    const name = (this.constructor as { name: string }).name;
    if (depth < 0) {
      return `[${name}]`;
    }
    if (isStale(this)) {
      return `${name} { stale }`;
    }
    return `${name} ${inspectValue(this.toObject(), { ...options, depth })}`;
  }
}

function isStale(reference: Reference): boolean {
  const { handle, size, align } = definitionOf(reference.constructor);
  const memory = handle.memory(reference);
  try {
    reach(memory, handle.unit(reference) * align + size);
  } catch {
    return true;
  }
  return memory.ended;
}

/** What `new Body()` throws. */
export function constructedByHand(Class: { name: string }): TypeError {
  return illegalConstructor(
    `References to records are made by arenas: arena.alloc(), arena.at(), arena.place(). Received new ${Class.name}()`,
  );
}
