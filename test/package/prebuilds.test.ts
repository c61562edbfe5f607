import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ROOT } from './packed';

const HOST = `${process.platform}-${process.arch}`;
const OTHER = HOST === 'linux-arm64' ? 'linux-x64' : 'linux-arm64';

/** What `npm publish` asks for, in a copy of the tree that a test may spoil. */
describe('The check of the prebuilt binaries', () => {
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'offheap-prebuilds-'));
    for (const part of ['native', 'scripts/prebuild.mjs', 'binding.gyp', `prebuilds/${HOST}`]) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction');
  });

  afterEach(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  const prebuild = (...args: string[]): { status: number | null; stderr: string } =>
    spawnSync(process.execPath, ['scripts/prebuild.mjs', ...args], { cwd: copy, encoding: 'utf8' });
  const binary = (platform: string): string => join(copy, 'prebuilds', platform, 'offheap.node');

  it('is content with what was built of these sources', () => {
    expect(prebuild('--check', 'host')).toMatchObject({ status: 0, stderr: '' });
  });

  it('names every platform that has none', () => {
    const { status, stderr } = prebuild('--check');
    const missing = [...stderr.matchAll(/prebuilds\/(\S+): is missing/g)].map(([, platform]) => platform!);
    expect(status).toBe(1);
    expect([HOST, ...missing].sort()).toEqual(
      ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-arm64', 'win32-x64'].sort(),
    );
  });

  it('refuses one that was made of other sources', () => {
    appendFileSync(join(copy, 'native/span.cc'), '// changed\n');
    expect(prebuild('--check', 'host')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${HOST}: was made of other sources`) as string,
    });
  });

  it('is content where only the ends of lines or a test differ', () => {
    const source = join(copy, 'native/span.cc');
    writeFileSync(source, readFileSync(source, 'utf8').replaceAll('\n', '\r\n'));
    appendFileSync(join(copy, 'native/test/probe.h'), '// changed\n');
    expect(prebuild('--check', 'host')).toMatchObject({ status: 0, stderr: '' });
  });

  it('refuses one that has been changed since', () => {
    appendFileSync(binary(HOST), 'x');
    expect(prebuild('--check', 'host')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${HOST}: is not what was built`) as string,
    });
  });

  it('refuses one for another machine', () => {
    cpSync(join(copy, 'prebuilds', HOST), join(copy, 'prebuilds', OTHER), { recursive: true });
    expect(prebuild('--check', OTHER)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${OTHER}: is for another machine`) as string,
    });
  });

  it('names the targets where one is asked for that there is not', () => {
    expect(prebuild('solaris-x64')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('linux-x64') as string,
    });
  });
});
