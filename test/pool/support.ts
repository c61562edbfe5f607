import { BufferPool, type BufferPoolOptions } from '../../lib';

/** Pools that are disposed of after each test. */
const pools: { dispose(): void }[] = [];

export function makePool<Full extends 'allocate' | 'null' = 'allocate'>(
  options: BufferPoolOptions & { whenFull?: Full } = {},
): BufferPool<Full> {
  const pool = new BufferPool<Full>(options);
  pools.push(pool);
  return pool;
}

afterEach(() => {
  for (const pool of pools.splice(0)) {
    pool.dispose();
  }
});

export interface Warning {
  readonly message: string;
  readonly type: string;
  readonly code: string;
  readonly detail: string;
}

/** The warnings that are emitted from now on. Inside of jest, no listener hears of them. */
export function collectWarnings(): Warning[] {
  const warnings: Warning[] = [];
  jest.spyOn(process, 'emitWarning').mockImplementation(((message: string, options: Omit<Warning, 'message'>) => {
    warnings.push({ message, ...options });
  }) as typeof process.emitWarning);
  return warnings;
}

afterEach(() => {
  jest.restoreAllMocks();
});

/** Byte by byte takes too long for large ones. */
export function isAll(bytes: Uint8Array, value: number): boolean {
  return Buffer.compare(bytes, Buffer.alloc(bytes.length, value)) === 0;
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean, ms = 20_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > deadline) {
      throw new Error(`Not within ${ms} ms: ${String(condition)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
