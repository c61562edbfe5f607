// What does a field of each type cost to read, and to write?
import './support/prepare.mjs';

import {
  array,
  bool,
  bytes,
  f64,
  i128,
  i64,
  oneOf,
  self,
  str,
  struct,
  text,
  TypedArenaLazy,
  u32,
} from '../dist/index.mjs';
import { compare, ownLoop } from './support/measure.mjs';
import { report, row } from './support/report.mjs';

const COUNT = 10_000; // in the caches, so that it is the field that costs and not the memory

const Point = struct({ x: f64, y: f64 });
const FLAGS = array(bool, 4);

/** Type, what is written, what is read of it, and what an object has in its place. */
const FIELDS = {
  'u32, f64, …': [u32, '7', '.field'],
  bool: [bool, 'true', '.field'],
  'i64, u64': [i64, '7n', '.field'],
  'i128, u128': [i128, '7n', '.field'],
  'oneOf, two choices': [oneOf('off', 'on'), "'on'", '.field'],
  'str(16), 8 characters': [str(16), "'abcdefgh'", '.field'],
  'text, 8 characters': [text, "'abcdefgh'", '.field'],
  'nested struct, one field of it': [Point, '{ x: 7 }', '.field.x'],
  'bytes(16), a Buffer': [bytes(16), 'payload', '.field'],
  'array(f64, 4), a typed array': [array(f64, 4), '[1, 2, 3, 4]', '.field'],
  'array(bool, 4), at(1)': [FLAGS, '[true, false, true, false]', '.field.at(1)'],
  'self, ref': [self, 'null', '.field'],
};

const rows = [];
for (const [name, [type, value, read]] of Object.entries(FIELDS)) {
  const payload = Buffer.alloc(16, 1);
  const arena = new TypedArenaLazy(struct({ before: u32, field: type }), COUNT);
  const init = new Function('payload', `return ${value};`)(payload);
  for (let i = 0; i < COUNT; i++) {
    arena.push({ field: type === self && i > 0 ? arena.at(i - 1) : init });
  }
  const objects = Array.from({ length: COUNT }, (_, before) => ({ before, field: init ?? { before } }));
  const loop = (names, statement) => ({
    run: ownLoop({ payload, ...names }, `let last; for (let i = 0; i < ${COUNT}; i++) { ${statement} } return last;`),
    operations: COUNT,
  });
  const figures = await compare(
    {
      read: loop({ arena }, `last = arena.at(i)${read};`),
      write: loop({ arena }, `arena.at(i).field = ${value};`),
      object: loop({ objects }, `last = objects[i]${type === Point ? '.field.x' : '.field'};`),
    },
    { milliseconds: 60 },
  );
  rows.push(row(`${name}: read`, figures.read, { 'an object’s property': figures.object }));
  rows.push(row(`${name}: write`, figures.write, {}));
  arena.dispose();
}

report({ question: 'Records: a field of each type', rows });
