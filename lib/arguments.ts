import * as workers from 'node:worker_threads';

import { invalidType, outOfRange } from './errors';

/** A posted arena or allocator would arrive as an empty object; where the runtime can refuse (Node 22.10), it does. */
export const { markAsUncloneable } = workers as { markAsUncloneable?: (object: object) => void };

export function checkOptions<T extends object>(options: T): T {
  const value: unknown = options;
  if (typeof value !== 'object' || value === null) {
    throw invalidType('options', 'of type object', value);
  }
  return options;
}

export function checkBoolean(name: string, value: unknown): void {
  if (typeof value !== 'boolean') {
    throw invalidType(name, 'of type boolean', value);
  }
}

export function wrongCount(received: number, expected: number): RangeError {
  return outOfRange('values.length', `${expected}, one for each field`, received);
}

export function checkFunction(fn: unknown, name = 'fn'): asserts fn is (...args: never[]) => unknown {
  if (typeof fn !== 'function') {
    throw invalidType(name, 'of type function', fn);
  }
}
