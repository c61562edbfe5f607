import connectFramework from 'connect';
import express from 'express';
import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentArena, KiB, requestArena, type WithArena } from '../../lib';

export type Handler = (req: WithArena<IncomingMessage>, res: ServerResponse) => unknown;

export const middleware = requestArena({ name: 'middleware' });
export const { pool } = middleware;
afterAll(() => {
  middleware.dispose();
});

/** A server without a framework. */
export function plain(handler: Handler): RequestListener {
  return (req, res) => {
    middleware(req, res, () => handler(req as WithArena<IncomingMessage>, res));
  };
}

export function withConnect(handler: Handler): RequestListener {
  const app = connectFramework();
  app.use(middleware);
  app.use((req, res) => {
    handler(req as WithArena<IncomingMessage>, res);
  });
  return app;
}

export function withExpress(handler: Handler): RequestListener {
  const app = express();
  app.use(middleware);
  app.use((req, res) => handler(req, res));
  return app as RequestListener;
}

/** Answers its own bytes, after a while, from blocks of the arena. */
export const echo: Handler = async (req, res) => {
  const own = Number(req.url!.slice(1)) % 256;
  const blocks: Buffer[] = [];
  for (let i = 0; i < 5; i++) {
    blocks.push(
      currentArena()!
        .alloc(4 * KiB)!
        .fill(own),
    );
    await sleep(1);
  }
  for (const block of blocks) {
    res.write(block);
  }
  res.end();
};

/** How many arenas have come back, and as what, since the last time. */
export function counter(): () => { requests: number; aborted: number } {
  let seen = pool.stats;
  return () => {
    const { requests, aborted } = pool.stats;
    const difference = { requests: requests - seen.requests, aborted: aborted - seen.aborted };
    seen = pool.stats;
    return difference;
  };
}
