// Processes that are asked questions, one at a time, by messages.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const PATIENCE = 5_000; // milliseconds for a process to end by itself

export class Child {
  #name;
  #process;
  #question = null;
  /** Why it cannot be asked any more. */
  #lost = null;

  /**
   * @param {URL} module Which calls `answer`.
   * @param {{ execArgv?: string[], env?: object }} [options] Arguments for node, and variables beside those of this process.
   */
  constructor(module, args = [], { execArgv = [], env = {} } = {}) {
    const path = fileURLToPath(module);
    this.#name = [basename(path), ...args].join(' ');
    this.#process = fork(path, args, {
      execArgv,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#process.on('message', ({ result, error }) => {
      if (error === undefined) {
        this.#question?.resolve(result);
        this.#question = null;
      } else {
        this.#fail(new Error(`${this.#name}: ${error}`));
      }
    });
    this.#process.on('error', (error) => this.#lose(error));
    this.#process.on('exit', (code, signal) => this.#lose(new Error(`${this.#name} has ended: ${signal ?? code}`)));
  }

  /** The first reason is the true one. */
  #lose(error) {
    this.#lost ??= error;
    this.#fail(this.#lost);
  }

  #fail(error) {
    this.#question?.reject(error);
    this.#question = null;
  }

  ask(question, options = {}) {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) {
        throw this.#lost;
      }
      this.#question = { resolve, reject };
      this.#process.send({ question, options }, (error) => error && this.#lose(error));
    });
  }

  /** Ends it: politely, then by force. */
  async end() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
      return;
    }
    const ended = once(this.#process, 'exit');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE);
    if (this.#process.connected) {
      this.#process.disconnect();
    }
    await ended;
    clearTimeout(timer);
  }
}

/** In a child: answers questions until the parent is gone, whatever way it went. */
export function answer(questions) {
  process.on('message', async ({ question, options }) => {
    try {
      process.send({ result: await questions[question](options) });
    } catch (error) {
      process.send({ error: error.stack });
    }
  });
  process.once('disconnect', () => process.exit());
}
