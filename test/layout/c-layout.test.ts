import fc from 'fast-check';

import { BumpArena, layoutOf } from '../../lib';
import { defineStruct } from '../../lib/layout/struct';
import { runC } from './c-program';
import { anyStruct, type CStruct } from './c-types';
import { BACKENDS } from './support';

// C is asked, not imitated: a program with the same structs is compiled and prints what it has made of them.
const SEED = 20_240_607;
const COUNT = 200;

const structs = fc.sample(anyStruct, { seed: SEED, numRuns: COUNT });
const written = structs.flatMap((each, i) =>
  each.values === null ? [] : [{ each, value: fc.sample(each.values, { seed: SEED + i, numRuns: 1 })[0]! }],
);

function printLayout({ name, fields }: CStruct): string {
  const offsets = Object.keys(fields).map((field) => `printf(" %zu", offsetof(${name}, ${field}));`);
  return `  printf("%zu %zu", sizeof(${name}), _Alignof(${name}));\n  ${offsets.join('\n  ')}\n  puts("");`;
}

function printBytes({ each, value }: (typeof written)[number]): string {
  const variable = `  ${each.declare('value')};\n  memset(&value, 0, sizeof value);`;
  return `  {\n${variable}\n  ${each.assign('value', value as never)}\n  print_bytes(&value, sizeof value);\n  }`;
}

describe('A struct in memory', () => {
  let layouts: string[];
  let bytes: string[];

  beforeAll(() => {
    const definitions = [...new Set(structs.flatMap((each) => each.definitions))].join('\n');
    const lines = runC(definitions, [...structs.map(printLayout), ...written.map(printBytes)].join('\n'));
    layouts = lines.slice(0, structs.length);
    bytes = lines.slice(structs.length);
  });

  it('has enough to be compared with', () => {
    expect(layouts).toHaveLength(COUNT);
    expect(bytes).toHaveLength(written.length);
    expect(written.length).toBeGreaterThan(60);
  });

  it.each(BACKENDS)('has the size, alignment and offsets that C gives it (%s)', (_name, backend) => {
    const ours = structs.map(({ fields }) => {
      const { size, align, offsets } = layoutOf(defineStruct(fields, backend));
      return [size, align, ...Object.values(offsets)].join(' ');
    });
    const same = ours.map((layout, i) => `${layout}   ${structs[i]!.definitions.join(' ')}`);
    expect(same).toEqual(layouts.map((layout, i) => `${layout}   ${structs[i]!.definitions.join(' ')}`));
  });

  it.each(BACKENDS)('has the bytes that C writes for the same values (%s)', (_name, backend) => {
    const ours = written.map(({ each: { fields }, value }) => {
      const Struct = defineStruct(fields, backend);
      using arena = new BumpArena(2 ** 16);
      arena.place(Struct, value);
      const { size } = layoutOf(Struct);
      return Buffer.from(arena.buffer, arena.used - size, size).toString('hex');
    });
    const named = (lines: string[]): string[] => lines.map((line, i) => `${line}   ${written[i]!.each.name}`);
    expect(named(ours)).toEqual(named(bytes));
  });

  it.each(BACKENDS)('is read again as the values that C has written (%s)', (_name, backend) => {
    written.forEach(({ each: { fields }, value }, i) => {
      const Struct = defineStruct(fields, backend);
      using arena = new BumpArena(2 ** 16);
      const [byC, byUs] = [arena.place(Struct)!, arena.place(Struct, value)!];
      new Uint8Array(arena.buffer).set(Buffer.from(bytes[i]!, 'hex'));
      expect(byC.toObject()).toEqual(byUs.toObject());
    });
  });
});
