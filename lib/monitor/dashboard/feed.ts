import type { ServerResponse } from 'node:http';

import { makeFrame } from './frame';
import { Vitals } from './vitals';

/** How many frames in a row a client may miss before it is taken for gone. */
const MOST_MISSED = 60;

/** Somebody who watches. */
class Client {
  readonly #response: ServerResponse;
  #ready = true;
  #missed = 0;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  /** A client that has not taken the last frame does without this one, so that nothing piles up. */
  send(text: string): void {
    if (this.#ready) {
      this.#missed = 0;
      this.#ready = this.#response.write(text);
      if (!this.#ready) {
        this.#response.once('drain', () => {
          this.#ready = true;
        });
      }
    } else if (++this.#missed >= MOST_MISSED) {
      this.#response.destroy();
    }
  }

  end(): void {
    if (this.#ready) {
      this.#response.end();
    } else {
      this.#response.destroy(); // it might never take what is left
    }
  }
}

/**
 * Tells everybody who watches the same, which is collected once for all of them. While nobody does, nothing is observed and no
 * timer runs.
 */
export class Feed {
  readonly #intervalMs: number;
  readonly #clients = new Set<Client>();
  readonly #vitals = new Vitals();
  #timer: NodeJS.Timeout | undefined;
  /** The newest frame, for whoever comes next; empty while nobody watches. */
  #newest = '';

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Writes frames to a response whose head has been written, until it is closed. */
  add(response: ServerResponse): void {
    const client = new Client(response);
    const remove = (): void => {
      this.#remove(client);
    };
    response.on('close', remove).on('error', remove);
    if (this.#clients.size === 0) {
      this.#start();
    }
    this.#clients.add(client);
    client.send(this.#newest);
  }

  #remove(client: Client): void {
    if (this.#clients.delete(client) && this.#clients.size === 0) {
      this.#stop();
    }
  }

  /** Ends all responses. */
  close(): void {
    for (const client of this.#clients) {
      client.end();
      this.#remove(client);
    }
  }

  #start(): void {
    this.#vitals.start();
    this.#collect();
    this.#timer = setInterval(() => {
      this.#collect();
      for (const client of this.#clients) {
        client.send(this.#newest);
      }
    }, this.#intervalMs).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#vitals.stop();
    this.#newest = '';
  }

  #collect(): void {
    const frame = makeFrame(this.#intervalMs, this.#vitals.read());
    this.#newest = `data: ${JSON.stringify(frame)}\n\n`;
  }
}
