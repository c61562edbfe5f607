import { get, type IncomingMessage, request as makeRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { ArenaStats, Watchable } from '../../lib';
import type { Frame } from '../../lib/monitor/dashboard/frame';

/** Something to watch that counts how often somebody looks at it. */
export class Probe implements Watchable {
  looks = 0;

  get stats(): ArenaStats {
    this.looks++;
    return { live: 1, cached: 1, reserved: 2, committed: 2, resident: 2, highWaterMark: 1 };
  }
}

/** Resolves once a condition holds. */
export async function until(condition: () => boolean, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) {
      throw new Error(`Still not so after ${ms} ms: ${condition.toString()}`);
    }
    await pause(10);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function closeServer(server: Server): Promise<void> {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export function ask(url: string, method = 'GET', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = makeRequest(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body });
      });
    });
    request.on('error', reject).end();
  });
}

/** What a stream of the dashboard tells, as a browser reads it. */
export class Watcher {
  readonly frames: Frame[] = [];
  ended = false;
  readonly #request;
  response: IncomingMessage | null = null;

  constructor(url: string) {
    let pieces: string[] = [];
    this.#request = get(`${url}?events=1`, { agent: false }, (response) => {
      this.response = response;
      response.setEncoding('utf8').on('data', (chunk: string) => {
        pieces.push(chunk);
        if (chunk.endsWith('\n') || chunk.includes('\n\n')) {
          const events = pieces.join('').split('\n\n');
          pieces = [events.pop()!];
          this.frames.push(...events.map((event) => JSON.parse(event.replace(/^data: /, '')) as Frame));
        }
      });
      response.on('close', () => (this.ended = true));
    });
    this.#request.on('error', () => (this.ended = true));
  }

  /** The next frame that comes. */
  async next(): Promise<Frame> {
    const { length } = this.frames;
    await until(() => this.frames.length > length);
    return this.frames[length]!;
  }

  close(): void {
    this.#request.destroy();
  }
}
