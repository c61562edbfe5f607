import type { ArenaStats } from '../arena/stats';
import { OffheapError } from '../errors';
import { memoryUsage, type MemoryUsage } from '../memory/usage';
import { bufferPools } from '../pool/buffer-pool';
import type { PoolStats } from '../pool/pool-stats';
import type { Registry } from '../registry';
import { arenaPoolRegistry, type ArenaPoolStats } from '../server/arena-pool';
import { watched } from './watch';

export interface Named<S> {
  readonly name: string;
  readonly stats: S;
}

/** What this thread's pools and watched arenas hold, and the memory of the whole process. */
export interface Snapshot {
  readonly pools: readonly Named<PoolStats>[];
  readonly arenaPools: readonly Named<ArenaPoolStats>[];
  readonly arenas: readonly Named<ArenaStats>[];
  readonly memory: MemoryUsage;
}

export function takeSnapshot(): Snapshot {
  return {
    pools: statsIn(bufferPools),
    arenaPools: statsIn(arenaPoolRegistry),
    arenas: statsIn(watched),
    memory: memoryUsage(),
  };
}

function statsIn<S>(registry: Registry<{ readonly stats: S }>): Named<S>[] {
  const all: Named<S>[] = [];
  for (const [name, target] of registry) {
    try {
      all.push({ name, stats: target.stats });
    } catch (error) {
      // Whoever looks must do no harm: what cannot answer now, such as an arena that is dropping its records, is left out.
      if (error instanceof OffheapError && error.code === 'ERR_OFFHEAP_DISPOSED') {
        registry.delete(name);
      }
    }
  }
  return all;
}
