import {
  type Allocator,
  type BlockOwner,
  BumpArena,
  BumpArenaLazy,
  FreeList,
  heap,
  MiB,
  ScopedAllocator,
} from '../../lib';

export { codeOf, DETACHES } from '../arena/support';
export { errorOf } from '../arena/typed-support';

/** Takes the whole ArrayBuffer of a view away, as Node does with what is enqueued in a byte stream. */
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

/** Takes it away at once; only memory that is JavaScript's own can be taken so on every version of Node. */
export function transfer(block: Uint8Array): void {
  structuredClone(block.buffer, { transfer: [block.buffer as ArrayBuffer] });
}

export interface SourceCase {
  readonly make: () => BlockOwner;
  /** Whether what was written is still there after somebody has taken the ArrayBuffer away. */
  readonly keepsContents: boolean;
}

/** What an allocator that needs a source can be put on. Each has room for 64 KiB at least. */
export const SOURCES: [name: string, source: SourceCase][] = [
  ['the heap', { make: () => heap, keepsContents: false }],
  ['a BumpArena', { make: () => new BumpArena(1 * MiB), keepsContents: false }],
  ['a BumpArenaLazy', { make: () => new BumpArenaLazy(1 * MiB), keepsContents: true }],
  [
    'a FreeList',
    {
      make: () => new FreeList(new BumpArenaLazy(1 * MiB), { blockSize: 65536, count: 3 }),
      keepsContents: true,
    },
  ],
  [
    'a ScopedAllocator',
    { make: () => new ScopedAllocator(new BumpArenaLazy(1 * MiB), 256 * 1024), keepsContents: true },
  ],
];

/** An allocator as a user may write one: it counts, and can be told to be full or to fail. */
export class TestSource implements Allocator {
  readonly live = new Set<Buffer>();
  /** Blocks that were given back, in that order. */
  readonly freed: Buffer[] = [];
  readonly calls: unknown[][] = [];
  /** How many blocks there can be at once. */
  room = Infinity;
  failure: Error | null = null;

  alloc(size: number, align?: number): Buffer | null {
    this.calls.push(['alloc', size, align]);
    if (this.live.size >= this.room) {
      return null;
    }
    const block = Buffer.from(new ArrayBuffer(size));
    this.live.add(block);
    return block;
  }

  realloc(): Buffer | null {
    return null;
  }

  free(block: Buffer): void {
    this.calls.push(['free', block]);
    if (this.failure !== null) {
      throw this.failure;
    }
    if (!this.live.delete(block)) {
      throw new Error('It is not a live block');
    }
    this.freed.push(block);
  }
}

/** Whether no two of these blocks have a byte in common. */
export function areDisjoint(blocks: readonly Uint8Array[]): boolean {
  blocks.forEach((block, i) => block.fill(i + 1));
  return blocks.every((block, i) => block.every((byte) => byte === ((i + 1) & 0xff)));
}
