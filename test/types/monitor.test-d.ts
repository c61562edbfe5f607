// Compiled by `npm run typecheck`, never run: the types that users see, compared exactly.
import connect from 'connect';
import express from 'express';
import promClient from 'prom-client';

import {
  BufferPool,
  BumpAlloc,
  BumpArena,
  MemoryArena,
  memoryMap,
  registerMetrics,
  struct,
  TypedArenaLazy,
  u32,
  watch,
  type Watch,
} from '../../lib';
import { type Dashboard, dashboard, type DashboardServer, startDashboard } from '../../lib/monitor/dashboard';

type Equal<A, B> = (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

registerMetrics(promClient.register);
registerMetrics(promClient.register, { prefix: 'shop_', sizeClasses: true });
registerMetrics(new promClient.Registry<promClient.OpenMetricsContentType>());
registerMetrics(new promClient.AggregatorRegistry());

const arenas = [new BumpArena(1), new MemoryArena(), new BumpAlloc(), new TypedArenaLazy(struct({ id: u32 }), 1)];
export const watching = watch('parser', arenas[0]!);
export type Check1 = Holds<Equal<typeof watching, Watch>>;

export const maps = [
  memoryMap(),
  memoryMap(new BufferPool()),
  memoryMap(arenas[1], { title: 'a' }),
  memoryMap(undefined, {}),
];
export type Check2 = Holds<Equal<typeof maps, string[]>>;

export const mounted = dashboard({ path: '/', intervalMs: 1000 });
export type Check3 = Holds<Equal<typeof mounted, Dashboard>>;
express().use('/memory', mounted);
connect().use('/memory', mounted);

export const started = startDashboard({ port: 0, host: '::1', keepAlive: true, path: '/' });
export type Check4 = Holds<Equal<typeof started, Promise<DashboardServer>>>;

// @ts-expect-error a registry is not the module
registerMetrics(promClient);
// @ts-expect-error what has no statistics cannot be watched
watch('buffer', Buffer.alloc(1));
// @ts-expect-error what has no statistics cannot be drawn
memoryMap({});
// @ts-expect-error an option that is none
dashboard({ interval: 1000 });
