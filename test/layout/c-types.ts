import fc from 'fast-check';

import {
  array,
  bool,
  bytes,
  type Fields,
  f32,
  f64,
  i128,
  i16,
  i32,
  i64,
  i8,
  oneOf,
  ref,
  self,
  str,
  struct,
  text,
  u128,
  u16,
  u32,
  u64,
  u8,
} from '../../lib';

/** The type of a field, here and in C. */
export interface CType {
  readonly type: Fields[string];
  /** The declaration of a variable of it. */
  declare(name: string): string;
  /** Definitions of the C structs that it is made of, the innermost first. */
  readonly definitions: readonly string[];
  /** Values for it; `null` where they are not in the record alone. */
  readonly values: fc.Arbitrary<unknown> | null;
  /** Statements that write a value to what is at an expression, and was zero. */
  assign(target: string, value: never): string;
}

export interface CStruct extends CType {
  readonly name: string;
  readonly fields: Fields;
}

function plain(
  type: Fields[string],
  c: string,
  values: fc.Arbitrary<unknown>,
  literal: (value: never) => string | number,
): CType {
  return {
    type,
    declare: (name) => `${c} ${name}`,
    definitions: [],
    values,
    assign: (target, value) => `${target} = ${literal(value)};`,
  };
}

const integer = (type: Fields[string], c: string, bits: number, signed: boolean): CType => {
  const [min, max] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return plain(type, c, fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max })), (value: number) => `${value}LL`);
};

const bigint = (type: Fields[string], c: string, bits: bigint, signed: boolean): CType => {
  const [min, max] = signed ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
  const half = (value: bigint): string => `0x${BigInt.asUintN(64, value).toString(16)}ULL`;
  return plain(
    type,
    c,
    fc.oneof(fc.constantFrom(min, max), fc.bigInt({ min, max })),
    (value: bigint) => `(${c})((unsigned __int128)${half(value >> 64n)} << 64 | ${half(value)})`,
  );
};

const float = (value: number): string =>
  Number.isFinite(value)
    ? Object.is(value, -0)
      ? '-0.0'
      : value.toExponential(17)
    : value < 0
      ? '-INFINITY'
      : 'INFINITY';

/** Copies bytes over what was zero. */
function copy(target: string, value: Uint8Array): string {
  const escaped = Array.from(value, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  return `memcpy(${target}, "${escaped}", ${value.length});`;
}

const choices = (count: number): CType => {
  const names = Array.from({ length: count }, (_, i) => `c${i}`);
  return plain(
    oneOf(...(names as [string])),
    count <= 256 ? 'uint8_t' : 'uint16_t',
    fc.constantFrom(...names),
    (value: string) => value.slice(1),
  );
};

const scalar = fc.constantFrom<CType>(
  integer(i8, 'int8_t', 8, true),
  integer(u8, 'uint8_t', 8, false),
  integer(i16, 'int16_t', 16, true),
  integer(u16, 'uint16_t', 16, false),
  integer(i32, 'int32_t', 32, true),
  integer(u32, 'uint32_t', 32, false),
  bigint(i64, 'int64_t', 64n, true),
  bigint(u64, 'uint64_t', 64n, false),
  bigint(i128, '__int128', 128n, true),
  bigint(u128, 'unsigned __int128', 128n, false),
  plain(f32, 'float', fc.float({ noNaN: true }), float),
  plain(f64, 'double', fc.double({ noNaN: true }), float),
  plain(bool, '_Bool', fc.boolean(), Number),
  choices(1),
  choices(3),
  choices(256),
  choices(257),
);

const string = fc.integer({ min: 1, max: 20 }).map((size): CType => ({
  type: str(size),
  declare: (name) => `char ${name}[${size}]`,
  definitions: [],
  values: fc
    .string({ unit: 'grapheme', maxLength: size })
    .filter((value) => !value.includes('\0') && Buffer.byteLength(value) <= size),
  assign: (target, value: string) => copy(target, Buffer.from(value)),
}));

const blob = fc.integer({ min: 1, max: 20 }).map((size): CType => ({
  type: bytes(size),
  declare: (name) => `unsigned char ${name}[${size}]`,
  definitions: [],
  values: fc.uint8Array({ maxLength: size }),
  assign: copy,
}));

const link = fc.constantFrom<CType>(
  plain(self, 'double', fc.constant(null), () => '0'),
  plain(
    ref(() => struct({ x: u8 })),
    'double',
    fc.constant(null),
    () => '0',
  ),
);

const texts = fc.constant<CType>({
  type: text,
  declare: (name) => `text ${name}`,
  definitions: [],
  values: null,
  assign: () => '',
});

function arrayOf(element: CType, length: number): CType {
  const { values } = element;
  return {
    type: array(element.type, length),
    declare: (name) => element.declare(`${name}[${length}]`),
    definitions: element.definitions,
    values: values === null ? null : fc.array(values, { maxLength: length }),
    assign: (target, list: unknown[]) =>
      list.map((value, i) => element.assign(`${target}[${i}]`, value as never)).join(' '),
  };
}

let structs = 0;

function structOf(members: readonly CType[]): CStruct {
  const name = `struct s${structs++}`;
  const fields = Object.fromEntries(members.map(({ type }, i) => [`f${i}`, type]));
  const lines = members.map((member, i) => `  ${member.declare(`f${i}`)};`);
  const hasValues = members.every(({ values }) => values !== null);
  return {
    name,
    fields,
    type: struct(fields),
    declare: (variable) => `${name} ${variable}`,
    definitions: [...members.flatMap(({ definitions }) => definitions), `${name} {\n${lines.join('\n')}\n};`],
    values: hasValues ? fc.record(Object.fromEntries(members.map(({ values }, i) => [`f${i}`, values!]))) : null,
    assign: (target, value: Record<string, unknown>) =>
      members.map((member, i) => member.assign(`${target}.f${i}`, value[`f${i}`] as never)).join('\n  '),
  };
}

const { member } = fc.letrec<{ member: CType }>((tie) => ({
  member: fc.oneof(
    { maxDepth: 3 },
    { arbitrary: scalar, weight: 8 },
    { arbitrary: fc.oneof(string, blob), weight: 2 },
    { arbitrary: fc.oneof(link, texts), weight: 1 },
    { arbitrary: fc.tuple(tie('member'), fc.integer({ min: 1, max: 4 })).map((of) => arrayOf(...of)), weight: 2 },
    { arbitrary: fc.array(tie('member'), { minLength: 1, maxLength: 5 }).map(structOf), weight: 2 },
  ),
}));

/** Structs of up to eight fields of any type, nested ones and arrays included. */
export const anyStruct: fc.Arbitrary<CStruct> = fc.array(member, { minLength: 1, maxLength: 8 }).map(structOf);
