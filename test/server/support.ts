import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { ArenaPool } from '../../lib';
import { DETACHES } from '../arena/support';

/** What `finish` answers, once it does, within a time that no busy machine needs. */
export async function until(what: string, condition: () => boolean, ms = 30_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`Not within ${ms} ms: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Waits until no request holds an arena. */
export async function untilBack(pool: ArenaPool): Promise<void> {
  await until('every arena is back', () => pool.stats.liveArenas === 0);
}

export interface Running {
  readonly port: number;
  readonly server: Server;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A server on a port of its own, closed with all its connections at the end of the block. */
export async function serve(server: Server | RequestListener): Promise<Running> {
  const running = typeof server === 'function' ? createServer(server) : server;
  running.listen(0, '127.0.0.1');
  await once(running, 'listening');
  const { port } = running.address() as AddressInfo;
  return {
    port,
    server: running,
    async [Symbol.asyncDispose]() {
      running.closeAllConnections();
      running.close();
      await once(running, 'close');
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** One request on a connection of its own. */
export async function ask(
  port: number,
  {
    path = '/',
    body = null,
    headers = {},
  }: { path?: string; body?: Buffer | null; headers?: NodeJS.Dict<string> } = {},
): Promise<Answer> {
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path,
    method: body === null ? 'GET' : 'POST',
    headers,
    agent: false,
  });
  outgoing.end(body ?? undefined);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
  }
  return { status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(chunks) };
}

/** Whether a view of a request that has ended is empty, zero, or shows bytes of its own. */
export function showsOnly(view: Uint8Array, ...own: number[]): boolean {
  return view.length === 0 || view.every((byte) => byte === 0 || own.includes(byte));
}

/** A request that has used so many bytes. */
export function used(pool: ArenaPool, bytes: number): void {
  const arena = pool.acquire();
  arena.alloc(bytes)!.fill(1);
  pool.release(arena);
}

/** What is left of a view when nothing can be detached, and when it can. */
export const STALE_LENGTH = (length: number): number => (DETACHES ? 0 : length);
