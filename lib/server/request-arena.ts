import { BumpArena } from '../arena/bump-arena';
import { pointers } from '../arena/bump-pointer';
import { type PartOptions, WindowPart } from '../memory/window-part';
import type { Window } from '../memory/window';

const { checkOpen, isClosed } = pointers;

interface RequestArenas {
  /** Who made it. */
  readonly ownerOf: (arena: RequestArena) => object;
  readonly isClosed: (arena: RequestArena) => boolean;
  readonly windowOf: (arena: RequestArena) => Window;
  /** Says once that the request has ended: true the first time. */
  readonly markEnded: (arena: RequestArena, detach: boolean) => boolean;
  /** Calls `fn`, which allocates what will be overwritten at once and need not be cleared. */
  readonly filling: <R>(arena: BumpArena, fn: () => R) => R;
}

/** What the rest of the server layer may do to an arena. */
export let requestArenas: RequestArenas;

/**
 * The arena of one request, made by an {@link ArenaPool}: a BumpArena over memory that served other requests before and will
 * serve others again. The object is the request's own. Whoever keeps it longer gets `ERR_OFFHEAP_DISPOSED`, and
 * has no way to another request's memory.
 *
 * `reset()` and `renew()` go on to other memory of the pool's, so jobs that still run do no harm after either.
 * `dispose()` gives the arena back at once, and leaves views valid; `ArenaPool.release` waits for pins.
 */
export class RequestArena extends BumpArena {
  readonly #part: WindowPart;
  readonly #window: Window;
  readonly #owner: object;
  readonly #onDispose: (arena: RequestArena, used: number) => void;
  #ended = false;

  /** @internal */
  constructor(
    window: Window,
    options: PartOptions,
    owner: object,
    onDispose: (arena: RequestArena, used: number) => void,
  ) {
    let part!: WindowPart;
    super(window.capacity, { zeroed: options.zeroed }, () => (part = new WindowPart(window, options)));
    this.#part = part;
    this.#window = window;
    this.#owner = owner;
    this.#onDispose = onDispose;
  }

  /** Bytes that have been made usable, in whole pages; 0 before the first allocation. */
  get committed(): number {
    checkOpen(this);
    return this.#part.committed;
  }

  /** Bytes of physical memory behind `committed`, at most. Asks the system: microseconds, and more with every GiB. */
  get resident(): number {
    checkOpen(this);
    return this.#part.resident();
  }

  override dispose(): void {
    if (!isClosed(this)) {
      const used = this.highWaterMark;
      super.dispose();
      this.#onDispose(this, used);
    }
  }

  static {
    requestArenas = {
      ownerOf: (arena) => arena.#owner,
      isClosed: (arena) => isClosed(arena),
      windowOf: (arena) => arena.#window,
      markEnded(arena, detach) {
        if (arena.#ended || isClosed(arena)) {
          return false;
        }
        arena.#ended = true;
        arena.#part.detachAtEnd = detach;
        return true;
      },
      filling(arena, fn) {
        if (!(#part in arena)) {
          return fn();
        }
        arena.#part.filling = true;
        try {
          return fn();
        } finally {
          arena.#part.filling = false;
        }
      },
    };
  }
}
