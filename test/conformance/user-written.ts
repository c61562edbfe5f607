import { type Allocator, type BlockOwner } from '../../lib';

const NO_BLOCK = 'That is none of my blocks';

interface Shelf {
  readonly live: Set<ArrayBufferLike>;
  readonly allocator: Allocator;
}

function isAlign(align: number): boolean {
  return [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096].includes(align);
}

/** Every block is a Buffer of its own; of those that live it keeps a list. */
function shelf(places: number, largest: number): Shelf {
  const live = new Set<ArrayBufferLike>();
  const check = (block: Buffer): void => {
    if (!ArrayBuffer.isView(block) || !live.has(block.buffer)) {
      throw new Error(NO_BLOCK);
    }
  };
  const allocator: Allocator = {
    alloc(size, align = 8) {
      if (!Number.isSafeInteger(size) || size < 0 || !isAlign(align)) {
        throw new RangeError('That is no size, or no alignment');
      }
      if (size > largest || live.size === places) {
        return null;
      }
      const block = Buffer.from(new ArrayBuffer(size));
      live.add(block.buffer);
      return block;
    },
    realloc(block, size, align) {
      check(block);
      if (size === block.length && (align === undefined || isAlign(align))) {
        return block;
      }
      live.delete(block.buffer);
      let moved: Buffer | null = null;
      try {
        moved = allocator.alloc(size, align);
      } finally {
        if (moved === null) {
          live.add(block.buffer);
        }
      }
      moved?.set(block.subarray(0, size));
      return moved;
    },
    free(block) {
      check(block);
      live.delete(block.buffer);
    },
  };
  return { live, allocator };
}

/** What a user may write, with the three methods that are needed and no more. */
export function plainAllocator(places = 32, largest = 4099): Allocator {
  return shelf(places, largest).allocator;
}

/** The same, which knows its blocks, and so fits wherever an owner is asked for. */
export function plainOwner(places = 32, largest = 4099): BlockOwner {
  const { live, allocator } = shelf(places, largest);
  return {
    ...allocator,
    owns: (block) => {
      if (!ArrayBuffer.isView(block)) {
        throw new TypeError(NO_BLOCK);
      }
      return live.has(block.buffer);
    },
  };
}
