import {
  type Allocator,
  array,
  type BlockOwner,
  bool,
  Bucketizer,
  BumpArena,
  BumpArenaLazy,
  bytes,
  f32,
  f64,
  FallbackAllocator,
  FreeList,
  heap,
  i128,
  i16,
  i32,
  i64,
  i8,
  KiB,
  MemoryArena,
  oneOf,
  ProxyAllocator,
  ScopedAllocator,
  Segregator,
  StatsAllocator,
  str,
  struct,
  u128,
  u16,
  u32,
  u64,
  u8,
} from '../../lib';
import type { FieldType } from '../../lib';

/** An allocator of a user's own, over one ArrayBuffer, which keeps nothing of what it has handed out. */
export class Plain implements Allocator {
  readonly buffer: ArrayBuffer;
  used = 0;
  frees = 0;

  constructor(capacity: number) {
    this.buffer = new ArrayBuffer(capacity);
  }

  alloc(size: number, align = 8): Buffer | null {
    const offset = Math.ceil(this.used / align) * align;
    if (offset + size > this.buffer.byteLength) {
      return null;
    }
    this.used = offset + size;
    return Buffer.from(this.buffer, offset, size);
  }

  realloc(block: Buffer, size: number, align = 8): Buffer | null {
    const moved = this.alloc(size, align);
    block.copy(moved ?? block);
    return moved;
  }

  free(_block: Buffer): void {
    this.frees++;
  }
}

/** One that hands on what another one says of its blocks. */
export class Wrapper implements BlockOwner {
  readonly inner: BlockOwner;

  constructor(inner: BlockOwner) {
    this.inner = inner;
  }

  alloc(size: number, align?: number): Buffer | null {
    return this.inner.alloc(size, align);
  }

  realloc(block: Buffer, size: number, align?: number): Buffer | null {
    return this.inner.realloc(block, size, align);
  }

  free(block: Buffer): void {
    this.inner.free(block);
  }

  owns(block: Buffer): boolean {
    return this.inner.owns(block);
  }

  lifetimeOf(block: Buffer) {
    return this.inner.lifetimeOf!(block);
  }
}

/** Makes an allocator with room for a few KiB at least, and hands it to `use` while it lasts. */
export type Using = (use: (allocator: Allocator) => void) => void;

const simply =
  (make: () => Allocator): Using =>
  (use) => {
    use(make());
  };

/** What holds for a Box or a Vec in one allocator holds for all. */
export const ALLOCATORS: [string, Using][] = [
  ['the heap', simply(() => heap)],
  ['a BumpArena', simply(() => new BumpArena(64 * KiB))],
  ['a BumpArenaLazy', simply(() => new BumpArenaLazy(64 * KiB))],
  ['an ArenaAllocator', simply(() => new MemoryArena(4 * KiB).allocator())],
  ['a ScopedAllocator', simply(() => new ScopedAllocator(heap, 64 * KiB))],
  [
    'a Scope',
    (use) => {
      new ScopedAllocator(new BumpArena(128 * KiB), 64 * KiB).scope((outer) => {
        outer.alloc(3, 1);
        outer.scope(use);
      });
    },
  ],
  ['a FreeList', simply(() => new FreeList(heap, { blockSize: 4 * KiB, count: 16 }))],
  [
    'a FreeList of odd blocks',
    simply(() => new FreeList(new BumpArena(256 * KiB), { blockSize: 4100, align: 16, count: 16 })),
  ],
  ['a FallbackAllocator', simply(() => new FallbackAllocator(new BumpArena(32), heap))],
  ['a ProxyAllocator', simply(() => new ProxyAllocator(new BumpArenaLazy(64 * KiB), {}))],
  ['a StatsAllocator', simply(() => new StatsAllocator(heap))],
  ['a Segregator', simply(() => new Segregator(32, new FreeList(heap, { blockSize: 32 }), new BumpArena(64 * KiB)))],
  [
    'a Bucketizer',
    simply(() => new Bucketizer([16, 64, 512, 4096], (size) => new FreeList(heap, { blockSize: size }))),
  ],
  ['an allocator of a user’s own', simply(() => new Plain(64 * KiB))],
  ['one that wraps another', simply(() => new Wrapper(new BumpArena(64 * KiB)))],
];

/** A field type, its zero, values that are read as they were written, and one that does not fit. */
export interface Kind {
  readonly type: FieldType;
  readonly zero: unknown;
  readonly values: readonly unknown[];
  readonly bad: unknown;
  readonly code: 'ERR_OUT_OF_RANGE' | 'ERR_INVALID_ARG_TYPE';
}

const kind = (type: FieldType, zero: unknown, values: unknown[], [code, bad]: [Kind['code'], unknown]): Kind => ({
  type,
  zero,
  values,
  bad,
  code,
});
const RANGE = 'ERR_OUT_OF_RANGE';
const TYPE = 'ERR_INVALID_ARG_TYPE';

export const KINDS: [string, Kind][] = [
  ['i8', kind(i8, 0, [-128, 127, -1], [RANGE, 128])],
  ['u8', kind(u8, 0, [255, 0, 1], [RANGE, 0.5])],
  ['i16', kind(i16, 0, [-32_768, 32_767], [RANGE, NaN])],
  ['u16', kind(u16, 0, [65_535, 1], [TYPE, '1'])],
  ['i32', kind(i32, 0, [-(2 ** 31), 2 ** 31 - 1], [RANGE, 2 ** 31])],
  ['u32', kind(u32, 0, [2 ** 32 - 1, 1], [RANGE, -1])],
  ['f32', kind(f32, 0, [0.5, -Infinity, NaN, -0], [TYPE, 1n])],
  ['f64', kind(f64, 0, [Math.PI, -0, NaN, Number.MAX_VALUE], [TYPE, null])],
  ['bool', kind(bool, false, [true, false], [TYPE, 1])],
  ['i64', kind(i64, 0n, [-(2n ** 63n), 2n ** 63n - 1n], [RANGE, 2n ** 63n])],
  ['u64', kind(u64, 0n, [2n ** 64n - 1n, 1n], [TYPE, 1])],
  ['i128', kind(i128, 0n, [-(2n ** 127n), 2n ** 100n], [RANGE, 2n ** 127n])],
  ['u128', kind(u128, 0n, [2n ** 128n - 1n, 1n], [RANGE, -1n])],
  ['str(8)', kind(str(8), '', ['größe', 'a', ''], [RANGE, 'too long a string'])],
  ['oneOf', kind(oneOf('a', 'b', 'c'), 'a', ['c', 'b', 'a'], [RANGE, 'd'])],
];

/** Those that answer something to write into; `plain` makes a value of that. */
export const VIEW_KINDS: [string, Kind & { plain: (value: never) => unknown }][] = [
  [
    'bytes(4)',
    {
      ...kind(bytes(4), [0, 0, 0, 0], [Buffer.from([1, 2, 3, 4]), Buffer.from([9])], [RANGE, Buffer.alloc(5)]),
      plain: (value: Buffer) => [...value],
    },
  ],
  [
    'array(f32, 3)',
    {
      ...kind(array(f32, 3), [0, 0, 0], [[1, 2, 3], new Float32Array([0.5]), new Set([4, 5])], [RANGE, [1, 2, 3, 4]]),
      plain: (value: Float32Array) => [...value],
    },
  ],
  [
    'array(bool, 2)',
    {
      ...kind(array(bool, 2), [false, false], [[true, true], [true]], [TYPE, [1]]),
      plain: (value: boolean[]) => [...value],
    },
  ],
];

export const Point = struct({ x: f64, y: f64 });

/** A class with all that a class of records can have. */
export class Body extends struct({ id: u32, at: Point, name: str(8), samples: array(u8, 3), big: i64 }) {
  readonly #made = 'yes';

  static from(id: number) {
    return { id, at: { x: id, y: -id }, name: `b${id}`, samples: [id % 256], big: BigInt(id) << 40n };
  }

  get made(): string {
    return this.#made;
  }

  move(dx: number): this {
    this.at.x += dx;
    return this;
  }
}

/** Takes the ArrayBuffer of a view away, as Node does with what is enqueued into a byte stream. */
export async function steal(view: Uint8Array): Promise<Uint8Array> {
  const stream = new ReadableStream({
    type: 'bytes',
    start(controller) {
      controller.enqueue(view);
      controller.close();
    },
  });
  const { value } = await stream.getReader().read();
  return value as Uint8Array;
}
