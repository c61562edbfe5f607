import { inspect } from 'node:util';

import { illegalConstructor } from '../errors';
import { definitionOf } from './definition';
import type { RecordClass } from './field-type';

/** What all references have in common, whatever their fields. */
export abstract class Reference {
  /** The record as a plain object that has nothing to do with the arena: a deep copy. */
  toObject(): Record<string, unknown> {
    const Class = this.constructor as RecordClass;
    const { fields, handle, align } = definitionOf(Class);
    const memory = handle.memory(this);
    const start = handle.unit(this) * align;
    return Object.fromEntries(
      fields.map(({ name, type, offset }) => [name, type.plain(memory, start + offset, Class)]),
    );
  }

  /** What `JSON.stringify` takes: as `toObject()`, with bigints as decimal strings and typed arrays as arrays. */
  toJSON(): Record<string, unknown> {
    return toJSON(this.toObject()) as Record<string, unknown>;
  }

  /** Name and value of each field, as in `toObject()`: for `new Map(record)`, and for jest, which compares them. */
  [Symbol.iterator](): IterableIterator<[string, unknown]> {
    return Object.entries(this.toObject())[Symbol.iterator]();
  }

  [inspect.custom](depth: number, options: object, inspectValue: typeof inspect): string {
    const name = (this.constructor as { name: string }).name;
    if (depth < 0) {
      return `[${name}]`;
    }
    return `${name} ${inspectValue(this.toObject(), options)}`;
  }
}

function toJSON(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return String(value);
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) {
    return value;
  }
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return Array.from(value as unknown as ArrayLike<unknown>, toJSON);
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, toJSON(each)]));
}

/** What `new Body()` throws. */
export function constructedByHand(Class: { name: string }): TypeError {
  return illegalConstructor(
    `References to records are made by arenas: arena.alloc(), arena.at(), arena.place(). Received new ${Class.name}()`,
  );
}
