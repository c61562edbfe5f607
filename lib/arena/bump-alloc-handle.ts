import { invalidType, OffheapError } from '../errors';
import { SharedRegion } from '../memory/shared-region';
import { KEY_LENGTH } from '../native/contract';

const TYPE = 'offheap.BumpAlloc';
const KEY = new RegExp(`^[0-9a-f]{${KEY_LENGTH}}$`);

/**
 * What threads find the memory of a BumpAlloc by: a plain object, to be posted as it is. Its id is drawn by chance, so nobody
 * gets at the memory who was not given it.
 *
 * @example
 * ```js
 * import { BumpAlloc, MiB } from 'offheap';
 *
 * const alloc = BumpAlloc.withSize(64 * MiB);
 * const block = alloc.alloc(100);
 * block.write('seen by all threads');
 *
 * const other = BumpAlloc.attach(alloc.handle); // as another thread does, with the handle that was posted to it
 * console.log(other.bytesAt(alloc.offsetOf(block), 4).toString()); // → seen
 * ```
 */
export interface BumpAllocHandle {
  /** Says that it is such a handle. */
  readonly type: typeof TYPE;
  /** Of the memory, in this process. */
  readonly id: string;
}

export function handleOf(key: string): BumpAllocHandle {
  return { type: TYPE, id: key };
}

/** The key in a handle. */
export function keyOf(handle: unknown): string {
  if (typeof handle !== 'object' || handle === null) {
    throw invalidType('handle', 'what handle of a BumpAlloc has answered', handle);
  }
  const { type, id } = handle as Partial<Record<keyof BumpAllocHandle, unknown>>;
  if (type !== TYPE || typeof id !== 'string' || !KEY.test(id)) {
    throw new OffheapError(
      'ERR_OFFHEAP_HANDLE',
      `The handle is malformed. Expected { type: '${TYPE}', id: ${KEY_LENGTH} hexadecimal digits }, as handle of a BumpAlloc answers`,
    );
  }
  return id;
}

/** What this thread has of the memory with a key. */
export function memoryOf(key: string): SharedRegion {
  const region = SharedRegion.find(key);
  if (region === null) {
    throw new OffheapError(
      'ERR_OFFHEAP_HANDLE',
      'There is no memory of this handle in this process: no thread holds an allocator over it any more, or the handle was ' +
        'not made by handle of a BumpAlloc, or in another process',
    );
  }
  return region;
}

/** Values by key, which it keeps as long as somebody else does. */
export class WeakValues<T extends object> {
  readonly #values = new Map<string, WeakRef<T>>();
  readonly #collected = new FinalizationRegistry<string>((key) => {
    if (this.get(key) === undefined) {
      this.#values.delete(key);
    }
  });

  get(key: string): T | undefined {
    return this.#values.get(key)?.deref();
  }

  set(key: string, value: T): void {
    if (this.get(key) !== value) {
      this.#values.set(key, new WeakRef(value));
      this.#collected.register(value, key);
    }
  }
}
