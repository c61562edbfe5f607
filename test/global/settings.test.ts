import { constants } from 'node:buffer';

import { GiB, KiB, MiB } from '../../lib';
import { sizeFrom } from '../../lib/settings';
import { IMPORT, run } from './support';

const NAME = 'OFFHEAP_GLOBAL_SIZE';

describe(NAME, () => {
  afterEach(() => {
    Reflect.deleteProperty(process.env, NAME);
  });

  it.each([
    ['1', 1],
    ['1073741824', GiB],
    ['9007199254740991', 2 ** 53 - 1],
    ['100b', 100],
    ['4g', 4 * GiB],
    ['4G', 4 * GiB],
    ['512m', 512 * MiB],
    ['512 MB', 512 * MiB],
    ['512mib', 512 * MiB],
    ['64k', 64 * KiB],
    ['64 KiB', 64 * KiB],
    ['1.5GiB', 1.5 * GiB],
    ['0.25g', 256 * MiB],
    ['1.0001k', KiB],
    ['007m', 7 * MiB],
    ['  2g\n', 2 * GiB],
    ['0', 0],
    ['', undefined],
    [' ', undefined],
  ])('may be %j', (text, bytes) => {
    process.env[NAME] = text;
    expect(sizeFrom(NAME)).toBe(bytes);
  });

  it('may be left out', () => {
    expect(sizeFrom(NAME)).toBe(undefined);
  });

  it.each([
    ...[
      '0g',
      '0.0001k',
      '-1',
      '+1',
      '1e9',
      '0x100',
      '1_000',
      '1,000',
      '.5g',
      '5.',
      '1.2.3',
      'g',
      'b',
      'NaN',
      'Infinity',
    ],
    ...[
      '4 g b',
      '4  g',
      '4t',
      '4tb',
      '4gg',
      '4gi',
      '4bb',
      '4bk',
      'a lot',
      '1g 1m',
      '9007199254740992',
      '8388608g',
      '9'.repeat(400),
    ],
  ])('must not be %j', (text) => {
    process.env[NAME] = text;
    const refused = expect.objectContaining({
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
      message: `The argument "${NAME}" is invalid: expected a size such as 4g, 512m or 1073741824. Received '${text}'`,
    }) as Error;
    expect(() => sizeFrom(NAME)).toThrow(refused);
  });

  it.each([
    ['3m', '3 MiB'],
    ['1.5g', '1.5 GiB'],
    ['', '1 GiB'],
  ])('%j is what there is: %s', async (text, size) => {
    const env = { [NAME]: text, OFFHEAP_GLOBAL_STATS: '1' };
    const { code, stderr } = await run([...IMPORT, '-e', ''], env);
    expect([code, stderr]).toEqual([0, expect.stringContaining(` of ${size} (`)]);
  });

  it.each([[IMPORT], [['-r', 'offheap/global']]])(
    'ends a program that is run with %j where it cannot be',
    async (flags) => {
      const { code, stdout, stderr } = await run([...flags, '-e', 'console.log(1)'], { [NAME]: '4 gallons' });
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain(`The argument "${NAME}" is invalid`);
      expect(stderr).toContain("Received '4 gallons'");
      expect(stderr).toContain('ERR_INVALID_ARG_VALUE');
    },
  );

  it('has to be within what an ArrayBuffer can be', async () => {
    const size = String(constants.MAX_LENGTH + 1);
    const { code, stderr } = await run([...IMPORT, '-e', ''], { [NAME]: size });
    // From Node 22 on, such a size is none.
    const error = constants.MAX_LENGTH < 2 ** 52 ? 'ERR_OFFHEAP_TOO_LARGE' : 'ERR_INVALID_ARG_VALUE';
    expect([code, stderr]).toEqual([1, expect.stringContaining(error)]);
  });

  it('is 0 where a program is to be left alone', async () => {
    const code = 'console.log(Buffer.allocUnsafe.toString().length, Buffer.allocUnsafe(70001).buffer.byteLength)';
    const [plain, none] = await Promise.all([run(['-e', code]), run([...IMPORT, '-e', code], { [NAME]: '0' })]);
    expect(none).toEqual(plain);
  });

  it('changes nothing in a program that catches the error', async () => {
    const code = `
      const before = [Buffer.allocUnsafe, Buffer.concat];
      try { require('offheap/global'); } catch (error) { console.log(error.code); }
      console.log(before[0] === Buffer.allocUnsafe && before[1] === Buffer.concat);`;
    const { stdout } = await run(['-e', code], { [NAME]: 'none' });
    expect(stdout).toBe('ERR_INVALID_ARG_VALUE\ntrue\n');
  });
});
