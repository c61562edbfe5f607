import { inspect } from 'node:util';
import * as workers from 'node:worker_threads';

import { invalidType, invalidValue, outOfRange } from './errors';

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

/** @throws TypeError unless `value` is one of `choices`. */
export function checkOneOf<T extends string>(name: string, value: unknown, choices: readonly T[]): asserts value is T {
  if (!(choices as readonly unknown[]).includes(value)) {
    throw invalidValue(name, `expected one of '${choices.join("', '")}'. Received ${inspect(value)}`);
  }
}

/** The longest time that a timer can wait, in milliseconds. */
const MAX_DELAY = 2 ** 31 - 1;

/** @throws TypeError or RangeError unless `value` is a number of milliseconds that a timer can wait, or Infinity, for ever. */
export function checkDelay(name: string, value: unknown): void {
  if (typeof value !== 'number') {
    throw invalidType(name, 'of type number', value);
  }
  if (!(value >= 1 && value <= MAX_DELAY) && value !== Infinity) {
    throw outOfRange(name, `>= 1 && <= ${MAX_DELAY}, or Infinity`, value);
  }
}
