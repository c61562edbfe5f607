import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';

import type { BumpAlloc } from '../../lib';
import { type Addon, KEY_LENGTH } from '../../lib/native/contract';

type Fn = (...args: number[]) => unknown;
type Library = typeof import('../../lib');

/** So many copies of the library, each of which is to the others what another thread would be. */
export function loadCopies(count: number): Library[] {
  return Array.from({ length: count }, () => {
    let copy: Library | undefined;
    jest.isolateModules(() => {
      copy = jest.requireActual<Library>('../../lib');
    });
    return copy!;
  });
}

/** The steps between which other threads may do anything. */
export const STEPS = ['taken', 'reserve', 'commit', 'expose', 'take'] as const;
export type Step = (typeof STEPS)[number];

export interface Call {
  step: Step;
  args: readonly number[];
}

const addon = createRequire(__filename)('../../build/Release/offheap.node') as Addon;
const prototype = Object.getPrototypeOf(addon.share(randomBytes(KEY_LENGTH / 2).toString('hex'), 0)) as Record<
  Step,
  Fn
>;
/** Commits are rounded up to whole ones, in bytes. */
export const PAGE_SIZE = addon.system.pageSize;
const ENOMEM = 12;
const GENERIC_FAILURE = -9;

/**
 * While `use` runs, each step of the protocol is announced before it is made: to `before`, which may have others take any
 * number of steps, and answers whether the system refuses this one. Then `after` hears what came of it.
 */
export function interleaved(
  before: (call: Call) => boolean,
  after: (call: Call, result: unknown) => void,
  use: () => void,
): void {
  const originals = { ...prototype };
  try {
    for (const step of STEPS) {
      prototype[step] = function (...args): unknown {
        const call = { step, args };
        const refusal = step === 'expose' ? GENERIC_FAILURE : ENOMEM;
        const result = before(call) ? refusal : Reflect.apply(originals[step], this, args);
        after(call, result);
        return result;
      };
    }
    use();
  } finally {
    Object.assign(prototype, originals);
  }
}

/** Takes the ArrayBuffer away that an allocator has, where the runtime can. */
export function steal(alloc: BumpAlloc): void {
  const { buffer }: { buffer: { byteLength: number; transfer?: () => unknown } } = alloc;
  if (buffer.byteLength > 0) {
    buffer.transfer?.();
  }
}
