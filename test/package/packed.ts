import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../..');

export function run(command: string, args: string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The packed tarball, installed into an empty project as a user would, without scripts and without a registry. */
export class PackedProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'offheap-package-'));
  /** What is in the tarball, and the bytes of it. */
  readonly packed: { readonly files: readonly { path: string; size: number }[]; readonly size: number };

  constructor() {
    // Without scripts: other tests are using what those would build again.
    const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', this.folder];
    const [info] = JSON.parse(run('npm', pack, ROOT)) as [PackedProject['packed'] & { filename: string }];
    this.packed = info;
    this.write('package.json', '{ "name": "empty", "private": true }');
    const install = ['install', '--ignore-scripts', '--offline', '--loglevel=error', `./${info.filename}`];
    run('npm', install, this.folder);
  }

  /** Writes a file of the project; returns its name. */
  write(name: string, text: string): string {
    writeFileSync(join(this.folder, name), text);
    return name;
  }

  /** Runs Node in the project; returns what it prints. */
  node(...args: string[]): string {
    return run(process.execPath, args, this.folder);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
