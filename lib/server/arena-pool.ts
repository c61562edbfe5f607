import { channel } from 'node:diagnostics_channel';
import { inspect } from 'node:util';

import { whenUnpinned } from '../arena/bump-arena';
import { checkBoolean, checkOptions, markAsUncloneable } from '../arguments';
import { invalidType, OffheapError } from '../errors';
import { Window } from '../memory/window';
import { Kind } from '../native/contract';
import { Registry } from '../registry';
import { formatBytes } from '../sizes';
import { type ArenaPoolOptions, checkArenaPoolOptions } from './arena-pool-options';
import { RecentSizes } from './recent-sizes';
import { RequestArena, requestArenas } from './request-arena';
import { WindowCache } from './window-cache';

/** What an {@link ArenaPool} holds and has done. Sizes are bytes. */
export interface ArenaPoolStats {
  /** Used by the arenas that are with requests. */
  live: number;
  /** How many these are. */
  liveArenas: number;
  /** Usable memory of arenas that wait for requests. */
  cached: number;
  /** How many these are. */
  cachedArenas: number;
  /** Addresses claimed, for all of them. */
  reserved: number;
  /** Of these, usable. */
  committed: number;
  /** Physical memory behind that. The system is asked: microseconds for each arena, and more with every GiB. */
  resident: number;
  /** The most that one request has used. */
  highWaterMark: number;
  /** How many arenas were acquired. */
  requests: number;
  /** Of these, how many were released as aborted; by `requestArena`, those that were answered with 5xx, too. */
  aborted: number;
  /** How many were acquired from those that waited. */
  hits: number;
  /** How many had to be made. */
  misses: number;
  /** Hits by requests, from 0 to 1; 0 before the first request. */
  hitRate: number;
  /** Arenas that were released, and wait for their pins. They are live, too. */
  pinned: number;
  /** How many times memory was moved to other addresses. */
  renews: number;
}

/** What is published on the channel `offheap:request` when an arena has come back. */
export interface RequestMessage {
  /** The name of the pool. */
  pool: string;
  /** Bytes that the request has used at most. */
  used: number;
  /** Whether it was released as aborted. */
  aborted: boolean;
}

/** How the request has ended whose arena comes back. */
export interface ReleaseOptions {
  /** The request did not end well, so jobs may still run on its memory. Default: false. */
  aborted?: boolean;
}

export const arenaPoolRegistry = new Registry<ArenaPool>();

/** All pools that are alive, by name. */
export const arenaPools: Iterable<readonly [name: string, pool: ArenaPool]> = arenaPoolRegistry;

const requestChannel = channel('offheap:request');

/**
 * Arenas for requests. Each request gets an arena of its own, over memory that goes from one request to the next.
 *
 * What requests have needed lately says how much memory waits for the next ones: what a single large request has
 * made usable beyond that goes back to the system when it ends.
 */
export class ArenaPool {
  /** By which it is found in statistics. */
  readonly name: string;
  readonly #options: Required<ArenaPoolOptions>;
  readonly #sizes = new RecentSizes();
  readonly #live = new Set<RequestArena>();
  readonly #cache: WindowCache;
  /** Those that were released as aborted and have not come back yet. */
  readonly #abortedLive = new WeakSet<RequestArena>();
  #disposed = false;
  #highWaterMark = 0;
  #requests = 0;
  #aborted = 0;
  #hits = 0;
  #pinned = 0;
  /** Of windows that were disposed of. */
  #renews = 0;
  readonly #onDispose = (arena: RequestArena, used: number): void => {
    this.#takeBack(arena, used);
  };

  /** Reserves and allocates nothing yet. */
  constructor(options: ArenaPoolOptions = {}) {
    this.#options = checkArenaPoolOptions(options);
    this.#cache = new WindowCache(this.#options.maxCached, this.#options.idleMs, (window) => {
      this.#disposeOf(window);
    });
    this.name = arenaPoolRegistry.add(this.#options.name, this);
    markAsUncloneable?.(this);
  }

  /**
   * An arena for one request, to be given back by `release`, or at the end of a `using` block. One that is dropped
   * stays with the pool, and costs its memory for as long.
   *
   * @throws OffheapError `ERR_OFFHEAP_DISPOSED` after `dispose()`; `ERR_OFFHEAP_TOO_LARGE`, `ERR_OFFHEAP_OS` or
   * `ERR_OFFHEAP_ADDON` where there can be no other arena.
   */
  acquire(): RequestArena {
    if (this.#disposed) {
      throw new OffheapError('ERR_OFFHEAP_DISPOSED', 'The ArenaPool has been disposed of');
    }
    const { capacity, giveBack, window: length, zeroed } = this.#options;
    const cached = this.#cache.take();
    const window = cached ?? new Window(capacity, length, Kind.arena);
    if (cached !== undefined) {
      this.#hits++;
    }
    this.#requests++;
    const sizes = this.#sizes;
    const arena = new RequestArena(
      window,
      { first: sizes.least, length: sizes.windowLength(length), zeroed, reuse: giveBack === 'reset' },
      this,
      this.#onDispose,
    );
    this.#live.add(arena);
    return arena;
  }

  /**
   * Gives an arena back: now, or when its last pin is released. Until then it can be used. Idempotent, so whoever ends a
   * request need not know whether somebody else did.
   *
   * @throws TypeError `ERR_INVALID_ARG_TYPE` for what is no arena of a request; OffheapError `ERR_OFFHEAP_FOREIGN_BLOCK` for one
   * of another pool.
   */
  release(arena: RequestArena, options: ReleaseOptions = {}): void {
    if (!((arena as unknown) instanceof RequestArena)) {
      throw invalidType('arena', 'an arena of an ArenaPool', arena);
    }
    const { aborted = false } = checkOptions(options);
    checkBoolean('options.aborted', aborted);
    if (requestArenas.ownerOf(arena) !== this) {
      throw new OffheapError(
        'ERR_OFFHEAP_FOREIGN_BLOCK',
        'Expected an arena of this pool. Received one of another pool',
      );
    }
    const { giveBack } = this.#options;
    if (!requestArenas.markEnded(arena, giveBack === 'auto' ? !aborted : giveBack !== 'renew')) {
      return;
    }
    if (aborted) {
      this.#aborted++;
      this.#abortedLive.add(arena);
    }
    this.#pinned++;
    whenUnpinned(arena, () => {
      this.#pinned--;
      arena.dispose();
    });
  }

  #takeBack(arena: RequestArena, used: number): void {
    const window = requestArenas.windowOf(arena);
    this.#live.delete(arena);
    this.#sizes.add(used);
    this.#highWaterMark = Math.max(this.#highWaterMark, used);
    if (this.#disposed || this.#sizes.isExcess(window.committed, this.#options.window)) {
      this.#disposeOf(window);
    } else {
      this.#cache.put(window);
    }
    if (requestChannel.hasSubscribers) {
      const message: RequestMessage = { pool: this.name, used, aborted: this.#abortedLive.has(arena) };
      requestChannel.publish(message);
    }
  }

  #disposeOf(window: Window): void {
    this.#renews += window.renews;
    window.dispose();
  }

  /** What it has, as of now. */
  get stats(): ArenaPoolStats {
    const liveWindows = [...this.#live].map((arena) => requestArenas.windowOf(arena));
    const cachedWindows = [...this.#cache];
    const windows = [...liveWindows, ...cachedWindows];
    const sum = <T>(all: Iterable<T>, of: (one: T) => number): number => {
      let total = 0;
      for (const one of all) {
        total += of(one);
      }
      return total;
    };
    const requests = this.#requests;
    const hits = this.#hits;
    return {
      live: sum(this.#live, (arena) => arena.used),
      liveArenas: this.#live.size,
      cached: sum(cachedWindows, (window) => window.committed),
      cachedArenas: cachedWindows.length,
      reserved: sum(windows, (window) => window.reserved),
      committed: sum(windows, (window) => window.committed),
      resident: sum(windows, (window) => window.resident()),
      highWaterMark: Math.max(this.#highWaterMark, ...[...this.#live].map((arena) => arena.highWaterMark)),
      requests,
      aborted: this.#aborted,
      hits,
      misses: requests - hits,
      hitRate: requests === 0 ? 0 : hits / requests,
      pinned: this.#pinned,
      renews: this.#renews + sum(windows, (window) => window.renews),
    };
  }

  [inspect.custom](): string {
    if (this.#disposed) {
      return `ArenaPool { disposed }`;
    }
    const { live, liveArenas, cached, cachedArenas, requests } = this.stats;
    const parts = [
      `name: ${inspect(this.name)}`,
      `live: ${formatBytes(live)} in ${liveArenas}`,
      `cached: ${formatBytes(cached)} in ${cachedArenas}`,
      `requests: ${requests}`,
    ];
    return `ArenaPool { ${parts.join(', ')} }`;
  }

  /** Gives the memory of all arenas that wait back to the system. */
  trim(): void {
    this.#cache.clear();
  }

  /**
   * Gives the memory of all arenas that wait back to the system, and that of the others when they come back. Idempotent;
   * `acquire` throws `ERR_OFFHEAP_DISPOSED` afterwards.
   */
  dispose(): void {
    if (!this.#disposed) {
      this.#disposed = true;
      arenaPoolRegistry.delete(this.name);
      this.#cache.clear();
    }
  }

  /** The end of a `using` block: the same as `dispose()`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
