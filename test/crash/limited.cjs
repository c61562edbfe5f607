// Runs a case again under a limit of the shell's, counted from what the process has without doing anything.
'use strict';

const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');

const { KiB, MARKER, setMemoryLimit } = require('./support.cjs');

const VARIABLE = 'OFFHEAP_LIMITED';
/** By the option of `ulimit`, the line of /proc/self/status that says how much the process has of it. */
const LINES = { v: 'VmSize', d: 'VmData' };

/**
 * Calls `main` in a process that may have so much more than it has at its start; where the system has no such limits, not at all.
 *
 * @param option `'v'` for addresses, `'d'` for memory that can be written to.
 * @param spare Bytes.
 */
function runLimited(option, spare, main) {
  if (process.platform !== 'linux') {
    return undefined;
  }
  if (process.env[VARIABLE] === option) {
    setMemoryLimit(Infinity); // so that it is the system that refuses: Node 24 takes the shell's limit for a container's
    return main();
  }
  const [, used] = new RegExp(`${LINES[option]}:\\s*(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'));
  const shell = `ulimit -${option} ${Number(used) + spare / KiB} && exec "$0" "$@"`;
  const args = ['-c', shell, process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, signal, stdout } = spawnSync('sh', args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    env: { ...process.env, [VARIABLE]: option },
  });
  if (status !== 0 || !stdout.includes(MARKER)) {
    throw new Error(`Under ulimit -${option}: exit code ${status}, signal ${signal}. ${stdout}`);
  }
}

module.exports = { runLimited };
