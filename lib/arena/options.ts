import * as workers from 'node:worker_threads';

import { invalidType } from '../errors';

/** A posted arena would arrive as an empty object; where the runtime can refuse (Node 22.10), it does. */
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
