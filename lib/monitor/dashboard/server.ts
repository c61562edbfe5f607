import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { checkBoolean, checkOptions } from '../../arguments';
import { invalidType, outOfRange } from '../../errors';
import { checkSize } from '../../sizes';
import { dashboard, type DashboardOptions, refuse } from './handler';

/** The same, and where the server listens. */
export interface DashboardServerOptions extends DashboardOptions {
  /** From 0, for any that is free, to 65,535. Default: 0. */
  port?: number;
  /** The address to listen on. The default, `127.0.0.1`, is reached from this machine alone. */
  host?: string;
  /** Whether the process stays alive for the dashboard. Default: false; then it ends when it would have ended without. */
  keepAlive?: boolean;
}

/** What {@link startDashboard} answers. */
export interface DashboardServer {
  /** Where the page is: `http://127.0.0.1:49152/`. */
  readonly url: string;
  /** Sends everybody away and stops listening. */
  close(): Promise<void>;
  /** The end of an `await using` block: the same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const MAX_PORT = 65_535;
/** Names by which a machine calls itself. */
const OWN_NAME = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

/**
 * Starts a server for the {@link dashboard} alone. On an address of the machine itself it answers only requests that were made to
 * one, so that a page on the internet whose name was made to lead there learns nothing.
 *
 * @returns Once it listens.
 * @throws As `dashboard` does, and RangeError `ERR_OUT_OF_RANGE` for a port that cannot be. The promise is rejected where the
 * system refuses to listen, with `EADDRINUSE` for a port that is taken.
 */
export async function startDashboard(options: DashboardServerOptions = {}): Promise<DashboardServer> {
  const { port = 0, host = '127.0.0.1', keepAlive = false, ...rest } = checkOptions(options);
  checkSize('options.port', port);
  if (port > MAX_PORT) {
    throw outOfRange('options.port', `>= 0 && <= ${MAX_PORT}`, port);
  }
  if (typeof (host as unknown) !== 'string') {
    throw invalidType('options.host', 'of type string', host);
  }
  checkBoolean('options.keepAlive', keepAlive);
  const handler = dashboard(rest);
  const isOwn = OWN_NAME.test(host);
  const server = createServer((request, response) => {
    const name = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (isOwn && !OWN_NAME.test(name)) {
      refuse(response, 403, 'This dashboard is for the machine that it runs on: open it by 127.0.0.1 or localhost');
    } else {
      handler(request, response);
    }
  });
  if (!keepAlive) {
    server.unref().on('connection', (socket) => socket.unref());
  }
  await listen(server, port, host);
  const close = async (): Promise<void> => {
    handler.close();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  };
  return { url: urlOf(server, rest.path), close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function urlOf(server: Server, path = '/'): string {
  const { address, family, port } = server.address() as AddressInfo;
  // Every address of the machine has no address of its own.
  const name = address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${name}:${port}${path}`;
}
