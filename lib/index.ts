export { BumpArena, type BumpArenaOptions, type RenewOptions } from './arena/bump-arena';
export { BumpArenaLazy } from './arena/bump-arena-lazy';
export { type Checkpoint } from './arena/checkpoint';
export { type Pin } from './arena/pin';
export { type TypedArrayConstructor } from './arena/typed-array';
export { OffheapError, type OffheapErrorCode, OffheapSystemError } from './errors';
export { memoryUsage, type MemoryUsage, type MemoryUse } from './memory/usage';
export { type Views } from './memory/views';
export { GiB, KiB, MiB } from './sizes';
