import { execFile } from 'node:child_process';
import { join } from 'node:path';

// The hook changes the Buffer of the process that it is in, so everything runs in processes of their own, against dist.

/** `offheap` is the name of the project itself there. */
export const ROOT = join(__dirname, '..', '..');
const PROGRAMS = join(__dirname, 'programs');
export const IMPORT = ['--import', 'offheap/global'];

export interface Ended {
  /** The exit code, or what else has ended the process. */
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** A file in `programs`, as an argument to Node.js. */
export function program(name: string): string {
  return join(PROGRAMS, name);
}

/** Runs Node.js to its end. Of the variables of offheap/global, only those in `env` are set. */
export function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const others = Object.entries(process.env).filter(([name]) => !/^(OFFHEAP_GLOBAL_|NODE_OPTIONS$)/.test(name));
  const options = { cwd: ROOT, env: { ...Object.fromEntries(others), ...env }, timeout: 50_000, maxBuffer: 2 ** 26 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.signal ?? error.code), stdout, stderr });
    });
  });
}

/** What a program prints as JSON. It has to end well, and must not complain. */
export async function answerOf<T = unknown>(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<T> {
  const { code, stdout, stderr } = await run(args, env);
  if (code !== 0 || stderr !== '') {
    throw new Error(`${args.join(' ')} ended with ${String(code)}\n${stdout}${stderr}`);
  }
  return JSON.parse(stdout) as T;
}

/** The warnings of offheap/global on stderr. */
export function warningsIn(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.includes('[OFFHEAP_GLOBAL]'));
}
