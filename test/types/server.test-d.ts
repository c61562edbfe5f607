// Compiled by `npm run typecheck`, never run: the types that users see, compared exactly.
import connect from 'connect';
import express from 'express';
import fastify from 'fastify';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect as connectSocket } from 'node:net';

import {
  ArenaPool,
  type ArenaPoolStats,
  arenaPools,
  BodyError,
  BumpArena,
  currentArena,
  onread,
  readInto,
  requestArena,
  type RequestArena,
  type RequestArenaMiddleware,
  withArena,
  type WithArena,
} from '../../lib';
import plugin, { requestArenaPlugin } from '../../lib/server/fastify';

type Equal<A, B> = (<T>(value: T) => T extends A ? 1 : 2) extends <T>(value: T) => T extends B ? 1 : 2 ? true : false;
type Holds<T extends true> = T;

using pool = new ArenaPool({ capacity: 1, giveBack: 'auto' });
export const arenas = { arena: pool.acquire(), stats: pool.stats, current: currentArena() };
export type Check1 = Holds<
  Equal<typeof arenas, { arena: RequestArena; stats: ArenaPoolStats; current: RequestArena | undefined }>
>;
export const all = [...arenaPools];
export type Check2 = Holds<Equal<typeof all, (readonly [name: string, target: ArenaPool])[]>>;
export const base: BumpArena = pool.acquire();

export const results = {
  value: withArena((arena) => arena.used),
  promise: withArena(async (arena) => Promise.resolve(arena.used), { pool }),
};
export type Check3 = Holds<Equal<typeof results, { value: number; promise: Promise<number> }>>;

export const middleware = requestArena({ idleMs: 1, pool });
export type Check4 = Holds<Equal<typeof middleware, RequestArenaMiddleware>>;

const app = express();
app.use(middleware);
app.post('/', async (req, res) => {
  const answers = {
    arena: req.arena,
    body: await readInto(req, { limit: 10 }),
    answered: await readInto(req, { response: res }),
  };
  const check: Holds<Equal<typeof answers, { arena: RequestArena; body: Buffer; answered: Buffer | null }>> = true;
  res.send([answers, check]);
});
connect().use(middleware);
createServer((req, res) => {
  middleware(req, res, () => {
    handle(req as WithArena<IncomingMessage>, res);
  });
});
createHttp2Server((req, res) => {
  middleware(req, res, () => {
    readInto(req, { response: res }).catch(() => {});
  });
});
function handle(req: WithArena<IncomingMessage>, res: ServerResponse): void {
  res.end(req.arena.alloc(1));
}

const server = fastify();
void server.register(plugin);
void server.register(requestArenaPlugin, { capacity: 1 });
// @ts-expect-error there is no such option
void server.register(requestArenaPlugin, { capacities: 1 });

connectSocket({ port: 1, onread: onread(base, (bytesRead, block) => block[bytesRead - 1] !== 0) });
onread({ acquire: (size: number) => Buffer.alloc(size), release: () => {} }, () => {}, { size: 1 });

export const error = new BodyError('ERR_OFFHEAP_BODY', 400, '');
export type Check5 = Holds<Equal<typeof error.statusCode, number>>;

// @ts-expect-error it is not one of the ways
new ArenaPool({ giveBack: 'never' });
