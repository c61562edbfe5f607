import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import promClient from 'prom-client';

import {
  ArenaPool,
  BufferPool,
  BumpArenaLazy,
  GiB,
  KiB,
  memoryUsage,
  MiB,
  type MetricsOptions,
  type MetricsRegister,
  registerMetrics,
  setMemoryLimit,
  watch,
} from '../../lib';
import { codeOf } from '../arena/support';

/** The samples of a text in Prometheus' format: `name{label="value"}` and its value. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

async function scrape(register: promClient.Registry): Promise<Map<string, number>> {
  return samplesOf(await register.metrics());
}

function registered(options?: MetricsOptions): promClient.Registry {
  const register = new promClient.Registry();
  registerMetrics(register, options);
  return register;
}

describe('registerMetrics()', () => {
  it('counts what a pool does, whether it was there before or came later', async () => {
    using early = new BufferPool({ name: 'early' });
    const register = registered();
    using late = new BufferPool({ name: 'late', leakDetection: 'off' });
    const buffers = [1000, 20_000, 20_000].map((size) => late.acquire(size));
    late.release(buffers[2]!);
    late.acquire(20_000);
    const samples = await scrape(register);
    const of = (name: string): unknown => samples.get(`offheap_pool_${name}{pool="late"}`);
    const { stats } = late;
    expect(of('live_bytes')).toBe(41_000);
    expect(of('live_buffers')).toBe(3);
    expect(of('acquired_total')).toBe(4);
    expect(of('released_total')).toBe(1);
    expect([of('hits_total'), of('misses_total')]).toEqual([stats.hits, stats.misses]);
    expect(of('hit_ratio')).toBe(stats.hitRate);
    expect(of('fragmentation_ratio')).toBeCloseTo(stats.fragmentation);
    expect(of('high_water_bytes')).toBe(stats.highWaterMark);
    expect([of('reserved_bytes'), of('committed_bytes')]).toEqual([stats.reserved, stats.committed]);
    expect([of('cached_bytes'), of('cached_buffers')]).toEqual([stats.cached, stats.cachedBuffers]);
    expect([of('fallbacks_total'), of('leaks_total')]).toEqual([0, 0]);
    expect(samples.get(`offheap_pool_acquired_total{pool="${early.name}"}`)).toBe(0);
  });

  it('forgets a pool that was disposed of', async () => {
    const register = registered();
    const pool = new BufferPool({ name: 'gone' });
    expect([...(await scrape(register)).keys()].some((key) => key.includes('"gone"'))).toBe(true);
    pool.dispose();
    expect([...(await scrape(register)).keys()].some((key) => key.includes('"gone"'))).toBe(false);
  });

  it('counts what requests do with their arenas', async () => {
    using pool = new ArenaPool({ name: 'requests' });
    pool.release(pool.acquire());
    const [arena, aborted] = [pool.acquire(), pool.acquire()];
    arena.alloc(100 * KiB)!.fill(1);
    aborted.alloc(10);
    pool.release(aborted, { aborted: true });
    const samples = await scrape(registered());
    const of = (name: string): unknown => samples.get(`offheap_arena_pool_${name}{pool="requests"}`);
    const { stats } = pool;
    expect([of('live_bytes'), of('live_arenas')]).toEqual([100 * KiB, 1]);
    expect([of('requests_total'), of('aborted_total')]).toEqual([3, 1]);
    expect([of('hits_total'), of('misses_total'), of('hit_ratio')]).toEqual([stats.hits, stats.misses, stats.hitRate]);
    expect([of('cached_bytes'), of('cached_arenas')]).toEqual([stats.cached, stats.cachedArenas]);
    expect([of('reserved_bytes'), of('committed_bytes')]).toEqual([stats.reserved, stats.committed]);
    expect([of('pinned_arenas'), of('renews_total')]).toEqual([0, stats.renews]);
    expect(of('resident_bytes')).toBeGreaterThanOrEqual(100 * KiB);
    pool.release(arena);
    const after = (await scrape(registered())).get('offheap_arena_pool_high_water_bytes{pool="requests"}');
    expect(after).toBe(100 * KiB);
  });

  it('tells of watched arenas, and of the memory of the process by kind', async () => {
    using arena = new BumpArenaLazy(16 * MiB);
    arena.alloc(100 * KiB)!.fill(1);
    using _watch = watch('parser', arena);
    const samples = await scrape(registered());
    expect(samples.get('offheap_arena_live_bytes{arena="parser"}')).toBe(100 * KiB);
    expect(samples.get('offheap_arena_high_water_bytes{arena="parser"}')).toBe(100 * KiB);
    expect(samples.get('offheap_arena_reserved_bytes{arena="parser"}')).toBe(16 * MiB);
    expect(samples.get('offheap_arena_committed_bytes{arena="parser"}')).toBe(arena.committed);
    expect(samples.get('offheap_memory_committed_bytes{kind="arena"}')).toBe(memoryUsage().kinds.arena.committed);
    for (const kind of Object.keys(memoryUsage().kinds)) {
      expect(samples.has(`offheap_memory_resident_bytes{kind="${kind}"}`)).toBe(true);
    }
  });

  it('tells of the memory limit where there is one', async () => {
    using arena = new BumpArenaLazy(16 * MiB);
    arena.alloc(MiB);
    const register = registered();
    try {
      expect((await scrape(register)).has('offheap_memory_limit_bytes')).toBe(false);
      setMemoryLimit(GiB);
      const samples = await scrape(register);
      expect(samples.get('offheap_memory_limit_bytes')).toBe(GiB);
      expect(samples.get('offheap_memory_charged_bytes')).toBeGreaterThanOrEqual(arena.committed);
    } finally {
      setMemoryLimit(Infinity);
    }
  });

  it('counts by size class where that is wanted', async () => {
    using pool = new BufferPool({ name: 'sized' });
    pool.acquire(16 * KiB);
    const name = 'offheap_pool_class_acquired_total{pool="sized",size="16384"}';
    expect((await scrape(registered({ sizeClasses: true }))).get(name)).toBe(1);
    expect((await scrape(registered())).has(name)).toBe(false);
  });

  it('shows every value of a scrape as of one moment', async () => {
    using pool = new BufferPool({ name: 'moment' });
    const register = registered();
    const scraping = register.metrics();
    pool.acquire(1000); // after the values were taken, and before the answer
    const first = samplesOf(await scraping);
    expect(first.get('offheap_pool_live_bytes{pool="moment"}')).toBe(0);
    expect((await scrape(register)).get('offheap_pool_live_bytes{pool="moment"}')).toBe(1000);
  });

  it('escapes names', async () => {
    using _pool = new BufferPool({ name: 'a "quoted"\nname \\' });
    const text = await registered().metrics();
    expect(text).toContain('offheap_pool_live_bytes{pool="a \\"quoted\\"\\nname \\\\"} 0');
  });

  it('does nothing the second time', async () => {
    const register = registered();
    const count = register.getMetricsAsArray().length;
    registerMetrics(register);
    expect(register.getMetricsAsArray()).toHaveLength(count);
    register.clear();
    registerMetrics(register);
    expect(register.getMetricsAsArray()).toHaveLength(count);
    registerMetrics(register, { prefix: 'shop_' });
    expect(register.getMetricsAsArray()).toHaveLength(2 * count);
    expect(await register.metrics()).toContain('# TYPE shop_offheap_memory_resident_bytes gauge');
  });

  it('registers nothing where a name is taken', () => {
    const register = new promClient.Registry();
    new promClient.Gauge({ name: 'offheap_memory_retired_bytes', help: 'taken', registers: [register] });
    expect(
      codeOf(() => {
        registerMetrics(register);
      }),
    ).toBe('ERR_INVALID_ARG_VALUE');
    expect(register.getMetricsAsArray()).toHaveLength(1);
  });

  it('keeps its values when a registry is reset, which are not its own', async () => {
    using pool = new BufferPool({ name: 'reset' });
    pool.acquire(100);
    const register = registered();
    register.resetMetrics();
    expect((await scrape(register)).get('offheap_pool_acquired_total{pool="reset"}')).toBe(1);
  });

  it('goes with default labels and other metrics of a registry', async () => {
    using pool = new BufferPool({ name: 'labels' });
    const register = registered();
    register.setDefaultLabels({ app: 'shop' });
    new promClient.Counter({ name: 'others_total', help: 'others', registers: [register] }).inc();
    const samples = await scrape(register);
    expect(samples.get(`offheap_pool_live_bytes{pool="${pool.name}",app="shop"}`)).toBe(0);
    expect(samples.get('others_total{app="shop"}')).toBe(1);
  });

  it('writes OpenMetrics, and the older format again', async () => {
    using pool = new BufferPool({ name: 'open' });
    const register = new promClient.Registry<promClient.OpenMetricsContentType>();
    register.setContentType(promClient.Registry.OPENMETRICS_CONTENT_TYPE);
    registerMetrics(register);
    for (let time = 1; time <= 2; time++) {
      pool.acquire(10);
      const text = await register.metrics();
      expect(text).toContain('# TYPE offheap_pool_acquired counter');
      expect(text).toContain(`offheap_pool_acquired_total{pool="open"} ${time}\n`);
      expect(text).not.toContain('_total_total');
      expect(text.endsWith('# EOF\n')).toBe(true);
    }
  });

  it('adds up the workers of a cluster, each in the way that its values allow', async () => {
    using pool = new BufferPool({ name: 'shared' });
    pool.release(pool.acquire(1000));
    pool.acquire(1000);
    const register = registered();
    const worker = JSON.parse(JSON.stringify(await register.getMetricsAsJSON())) as object[];
    const all = promClient.AggregatorRegistry.aggregate<promClient.PrometheusContentType>([worker, worker]);
    const [one, two] = [await scrape(register), await scrape(all)];
    const of = (name: string): unknown[] => [one, two].map((each) => each.get(`offheap_pool_${name}{pool="shared"}`));
    expect(of('live_bytes')).toEqual([1000, 2000]);
    expect(of('acquired_total')).toEqual([2, 4]);
    expect(of('hit_ratio')).toEqual([0.5, 0.5]);
    expect(of('high_water_bytes')).toEqual([1000, 1000]);
  });

  it.each([
    [null, undefined, 'ERR_INVALID_ARG_TYPE'],
    [promClient, undefined, 'ERR_INVALID_ARG_TYPE'],
    [new promClient.Registry(), { prefix: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [new promClient.Registry(), { prefix: 'a-b' }, 'ERR_INVALID_ARG_VALUE'],
    [new promClient.Registry(), { sizeClasses: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [new promClient.Registry(), null, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses wrong arguments (%#)', (register, options, code) => {
    const call = (): void => {
      registerMetrics(register as unknown as MetricsRegister, options as unknown as MetricsOptions);
    };
    expect(codeOf(call)).toBe(code);
  });
});

describe('The names of the metrics', () => {
  const metrics = registered({ sizeClasses: true }).getMetricsAsArray();

  it('end in their unit, as is usual', () => {
    const names = metrics.map(({ name }) => name);
    expect(names.filter((name) => !/^offheap_[a-z_]+_(bytes|ratio|total|buffers|arenas)$/.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(40);
  });

  it('are all explained in docs/operations.md', () => {
    const page = readFileSync(join(__dirname, '../../docs/operations.md'), 'utf8');
    expect(metrics.filter(({ name }) => !page.includes(`\`${name}\``)).map(({ name }) => name)).toEqual([]);
  });

  it('have a help text of their own', () => {
    expect(metrics.every(({ help }) => /^[A-Z].{10,}[^.]$/.test(help))).toBe(true);
  });
});
