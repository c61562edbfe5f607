// Compiled by `npm run typecheck`, never run: the types that users see, compared exactly.
import { BufferPool, type BufferPoolOptions, type LeakDetection, type Lease, type PoolStats } from '../../lib';

type Equal<A, B> = (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

const pool = new BufferPool({ name: 'x', idleMs: 1000 });
const orNode = new BufferPool({ whenFull: 'allocate' });
const orNull = new BufferPool({ whenFull: 'null', maxBytes: 1 });

export const answers = {
  buffer: pool.acquire(1),
  zeroed: pool.acquireZeroed(1),
  lease: pool.lease(1),
  stats: pool.stats,
  orNode: orNode.acquire(1),
  orNull: orNull.acquire(1),
  zeroedOrNull: orNull.acquireZeroed(1),
  leaseOrNull: orNull.lease(1),
};

export type Answers = Holds<
  Equal<
    typeof answers,
    {
      buffer: Buffer;
      zeroed: Buffer;
      lease: Lease;
      stats: PoolStats;
      orNode: Buffer;
      orNull: Buffer | null;
      zeroedOrNull: Buffer | null;
      leaseOrNull: Lease | null;
    }
  >
>;

export type Pools = Holds<Equal<[typeof pool, typeof orNull], [BufferPool, BufferPool<'null'>]>>;

// One that never answers null serves where null is expected, and not the other way round.
export const either: BufferPool<'allocate' | 'null'> = pool;
// @ts-expect-error -- it may answer null
export const never: BufferPool = orNull;

export const level: LeakDetection = 'paranoid';
export const options: BufferPoolOptions = { leakDetection: level, guard: true };
// @ts-expect-error -- no such level
export const wrong: BufferPoolOptions = { leakDetection: 'everything' };

{
  using lease = pool.lease(10);
  lease.buffer.fill(0);
  // @ts-expect-error -- what a lease has is not replaced
  lease.buffer = Buffer.alloc(1);
}
// @ts-expect-error -- no string is a size
pool.acquire('1');
