import fc from 'fast-check';

/** What is done to an allocator: plain data, so that a counterexample can be read. `at` picks one of several, from 0 to 1. */
export type Operation =
  | { readonly do: 'alloc'; readonly size: number; readonly align?: number | undefined }
  | { readonly do: 'realloc'; readonly at: number; readonly size: number; readonly align?: number | undefined }
  | { readonly do: 'free'; readonly at: number }
  | { readonly do: 'free again'; readonly at: number }
  | { readonly do: 'ask for the lifetime'; readonly at: number }
  | { readonly do: 'scope'; readonly operations: readonly Operation[]; readonly fails: boolean }
  | { readonly do: 'checkpoint' }
  | { readonly do: 'rewind'; readonly at: number }
  | { readonly do: 'start over'; readonly way: 'reset' | 'renew' | 'detach' | 'resetUnsafe' };

const EDGES = [0, 1, 7, 8, 9, 15, 16, 17, 24, 25, 32, 33, 63, 64, 65, 100, 101, 127, 128, 129, 255, 256, 257];
const HUGE = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 7, 2 ** 52];

const size = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 80 }), weight: 4 },
  { arbitrary: fc.constantFrom(...EDGES), weight: 4 },
  { arbitrary: fc.integer({ min: 0, max: 5000 }), weight: 1 },
  { arbitrary: fc.constantFrom(4083, 4091, 4096, 4099, 4100, 5000, 5001), weight: 1 },
  { arbitrary: fc.constantFrom(...HUGE), weight: 1 },
);
const align = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 4 },
  { arbitrary: fc.integer({ min: 0, max: 6 }).map((power) => 2 ** power), weight: 4 },
  { arbitrary: fc.constantFrom(128, 256, 1024, 4096), weight: 1 },
);
const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

const named = <T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);

const { operation } = fc.letrec<{ operation: Operation }>((tie) => ({
  operation: fc.oneof(
    { maxDepth: 3 },
    { arbitrary: fc.record({ do: named('alloc'), size, align }), weight: 10 },
    { arbitrary: fc.record({ do: named('realloc'), at, size, align }), weight: 6 },
    { arbitrary: fc.record({ do: named('free'), at }), weight: 6 },
    { arbitrary: fc.record({ do: named('free again'), at }), weight: 1 },
    { arbitrary: fc.record({ do: named('ask for the lifetime'), at }), weight: 6 },
    { arbitrary: fc.record({ do: named('checkpoint') }), weight: 2 },
    { arbitrary: fc.record({ do: named('rewind'), at }), weight: 1 },
    {
      arbitrary: fc.record({
        do: named('start over'),
        way: fc.constantFrom('reset' as const, 'renew' as const, 'detach' as const, 'resetUnsafe' as const),
      }),
      weight: 1,
    },
    {
      arbitrary: fc.record({
        do: named('scope'),
        operations: fc.array(tie('operation'), { maxLength: 10 }),
        fails: fc.boolean(),
      }),
      weight: 2,
    },
  ),
}));

/** What is done to several allocators, one after the other. */
export const rounds = fc.array(fc.array(operation, { maxLength: 60, size: 'max' }), { minLength: 1, maxLength: 3 });
