/**
 * `offheap`: arenas, pools and typed records in memory that the garbage collector never walks.
 *
 * @module offheap
 */
export { type Allocator, type BlockOwner } from './allocator/allocator';
export { Bucketizer } from './allocator/bucketizer';
export { FallbackAllocator } from './allocator/fallback';
export { FreeList } from './allocator/free-list';
export { type FreeListOptions } from './allocator/free-list-options';
export { heap } from './allocator/heap';
export { type AllocatorMessage, channelLogger, streamLogger } from './allocator/loggers';
export { NullAllocator } from './allocator/null';
export { type AllocatorLogger, ProxyAllocator } from './allocator/proxy';
export { type Scope, ScopedAllocator } from './allocator/scoped';
export { Segregator } from './allocator/segregator';
export { type AllocatorStats, type SizeCount, StatsAllocator } from './allocator/stats';
export { BumpAlloc } from './arena/bump-alloc';
export { type BumpAllocHandle } from './arena/bump-alloc-handle';
export { BumpArena, type BumpArenaOptions, type RenewOptions } from './arena/bump-arena';
export { BumpArenaLazy } from './arena/bump-arena-lazy';
export { type Checkpoint } from './arena/checkpoint';
export { type ArenaAllocator, MemoryArena } from './arena/memory-arena';
export { type Pin } from './arena/pin';
export { type Column } from './arena/column';
export { type RecordSource, type RecordTarget } from './arena/record-file';
export { type ArenaStats } from './arena/stats';
export { TypedArena, type TypedArenaOptions } from './arena/typed-arena';
export { TypedArenaLazy } from './arena/typed-arena-lazy';
export { type TypedArrayConstructor } from './arena/typed-array';
export { Box } from './collections/box';
export { type PlainValue } from './collections/element';
export { Vec } from './collections/vec';
export { OffheapError, type OffheapErrorCode, OffheapSystemError } from './errors';
export { array, type ArrayField } from './layout/array';
export { type FieldArray } from './layout/field-array';
export { type FieldType } from './layout/field-type';
export { ref, self, type SelfType } from './layout/links';
export {
  type BigIntType,
  bool,
  f32,
  f64,
  i128,
  i16,
  i32,
  i64,
  i8,
  type NumberType,
  u128,
  u16,
  u32,
  u64,
  u8,
} from './layout/scalars';
export { bytes, type BytesField, oneOf, str, text } from './layout/strings';
export { layoutOf, type Layout, struct } from './layout/struct';
export {
  type ElementArray,
  type ElementInit,
  type ElementOf,
  type FieldName,
  type FieldOf,
  type Fields,
  type FieldValue,
  type Init,
  type Plain,
  type RecordReference,
  type StructClass,
  type StructOf,
} from './layout/types';
export {
  ArenaPool,
  arenaPools,
  type ArenaPoolStats,
  type ReleaseOptions,
  type RequestMessage,
} from './server/arena-pool';
export { type ArenaPoolOptions, type GiveBack } from './server/arena-pool-options';
export { BodyError } from './server/body-error';
export { currentArena } from './server/context';
export { type BlockPool, onread, type Onread, type OnreadCallback, type OnreadOptions } from './server/onread';
export {
  type AnswerableResponse,
  type AnsweringReadIntoOptions,
  type BodySource,
  readInto,
  type ReadIntoOptions,
  type TooLargeMessage,
} from './server/read-into';
export { type RequestArena } from './server/request-arena';
export {
  requestArena,
  type RequestArenaMiddleware,
  type RequestArenaOptions,
  type WithArena,
} from './server/request-arena-middleware';
export { withArena, type WithArenaOptions } from './server/with-arena';
export { type BlockLifetime } from './memory/lifetime';
export { memoryLimit, setMemoryLimit } from './memory/limit';
export { memoryUsage, type MemoryUsage, type MemoryUse } from './memory/usage';
export { type Views } from './memory/views';
export { memoryMap, type MemoryMapOptions, type MemoryMapTarget } from './monitor/memory-map';
export { type MetricsOptions, type MetricsRegister, type RegisteredMetric, registerMetrics } from './monitor/metrics';
export { watch, type Watch, type Watchable } from './monitor/watch';
export { BufferPool, type FallbackMessage } from './pool/buffer-pool';
export { type UseAfterReleaseMessage } from './pool/guard';
export { type LeakDetection, type LeakMessage } from './pool/leak-detector';
export { type Lease } from './pool/lease';
export { type TrimMessage } from './pool/pool-memory';
export { type BufferPoolOptions } from './pool/pool-options';
export { type PoolSizeStats, type PoolStats } from './pool/pool-stats';
export { GiB, KiB, MiB } from './sizes';
