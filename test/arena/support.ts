import { BumpArena, BumpArenaLazy } from '../../lib';

/** What holds for one arena holds for the other; every suite that says so runs on both. */
export const ARENAS = [
  ['BumpArena', BumpArena],
  ['BumpArenaLazy', BumpArenaLazy],
] as const;

/** The ways to end everything that is in an arena. */
export const WAYS: [string, (arena: BumpArena) => void][] = [
  [
    'reset',
    (arena) => {
      arena.reset();
    },
  ],
  [
    'renew',
    (arena) => {
      arena.renew();
    },
  ],
  [
    'renew({ detach })',
    (arena) => {
      arena.renew({ detach: true });
    },
  ],
  [
    'resetUnsafe',
    (arena) => {
      arena.resetUnsafe();
    },
  ],
  [
    'dispose',
    (arena) => {
      arena.dispose();
    },
  ],
];

/** Node 20 cannot detach; there `reset()` and `renew({ detach: true })` are `renew()`. */
export const DETACHES = Number(process.versions.node.split('.')[0]) >= 22;

/** The code of the error that `fn` throws. */
export function codeOf(fn: () => unknown): string | undefined {
  try {
    fn();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
