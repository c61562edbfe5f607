// Records and collections, beside arrays of what has to be in them.
'use strict';

const offheap = require('../../dist');
const { assert } = require('./world.cjs');

const {
  array,
  bool,
  bytes,
  f32,
  f64,
  i8,
  i16,
  i32,
  i64,
  i128,
  oneOf,
  ref,
  self,
  str,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  u128,
} = offheap;

const Point = struct({ id: u32, at: f64 });

class Everything extends struct({
  id: u32,
  b: bool,
  s: str(5),
  t: text,
  raw: bytes(3),
  kind: oneOf('a', 'b'),
  many: array(u16, 3),
  next: self,
  point: ref(() => Point),
  i8,
  i16,
  i32,
  i64,
  i128,
  u8,
  u16,
  u64,
  u128,
  f32,
  f64,
}) {}

function values(world, id) {
  const { random } = world;
  const big = BigInt(random.below(2 ** 32));
  return {
    id,
    b: random.oneIn(2),
    s: 'x'.repeat(random.below(6)),
    t: 'ö'.repeat(random.size(300)),
    raw: Buffer.alloc(3, id),
    kind: random.of(['a', 'b']),
    many: [id & 7, 2, 3],
    i8: 0 - (id & 127),
    i16: 0 - (id & 0x7fff),
    i32: 0 - id,
    i64: -big,
    i128: -big,
    u8: id & 255,
    u16: id & 0xffff,
    u64: big,
    u128: big,
    f32: id & 0xffff,
    f64: id / 3,
  };
}

function checkRecord(record, wanted) {
  for (const name of Object.keys(wanted)) {
    const seen = record[name];
    if (name === 'raw' || name === 'many') {
      assert.deepEqual([...seen], [...wanted[name]], name);
    } else {
      assert.equal(seen, wanted[name], name);
    }
  }
}

const tables = [];

const records = {
  'TypedArena TypedArenaLazy struct array bool bytes f32 f64 i8 i16 i32 i64 i128 oneOf ref self str text u8 u16 u32 u64 u128 layoutOf':
    (world) => {
      const { random } = world;
      if (tables.length < 4 || random.oneIn(50)) {
        const Arena = random.of([offheap.TypedArena, offheap.TypedArenaLazy]);
        const dropped = { count: 0 };
        const options = random.oneIn(2) ? { drop: () => dropped.count++, textBytes: 1e6 } : { textBytes: 1e6 };
        const arena = world.attempt(() => new Arena(Everything, 1 + random.size(3000), options));
        assert.ok(offheap.layoutOf(Everything).size > 0);
        if (arena) {
          tables.push({ arena, rows: [], dropped, drops: 'drop' in options });
          world.note(`new ${Arena.name}`);
        }
      }
      if (tables.length === 0) {
        return;
      }
      const table = random.of(tables);
      const { arena, rows, dropped, drops } = table;
      if (tables.length > 8 || random.oneIn(200)) {
        world.note('end of records');
        rows.forEach((wanted, i) => checkRecord(arena.at(i), wanted));
        arena.dispose();
        assert.equal(dropped.count, drops ? table.rows.length : 0);
        assert.throws(() => arena.push({}), { code: 'ERR_OFFHEAP_DISPOSED' });
        tables.splice(tables.indexOf(table), 1);
      } else if (random.oneIn(100)) {
        world.note('reset of records');
        world.attempt(() => arena.reset()); // empty, also where it is refused
        assert.equal(dropped.count, drops ? rows.length : 0);
        dropped.count = 0;
        table.rows = [];
      } else if (rows.length > 0 && random.oneIn(2)) {
        const i = random.below(rows.length);
        checkRecord(arena.at(i), rows[i]);
        assert.equal(arena.column('id').at(i), rows[i].id);
      } else {
        const wanted = values(world, rows.length);
        const record = world.attempt(() => arena.alloc(wanted));
        if (record !== null) {
          rows.push(wanted);
        }
        assert.equal(arena.length, rows.length);
      }
    },
  'Vec Box': (world) => {
    const { random } = world;
    const source = world.attempt(() => new offheap.BumpArenaLazy(4 * offheap.MiB));
    if (source === null) {
      return;
    }
    const vec = world.attempt(() => offheap.Vec.newIn(source, random.of([u32, f64]), random.below(20)));
    if (vec) {
      const model = [];
      for (let i = random.below(60); i > 0; i--) {
        const value = random.below(1000);
        if (world.attempt(() => vec.push(value)) !== null && vec.length > model.length) {
          model.push(value);
        }
        if (random.oneIn(5)) {
          assert.equal(vec.pop(), model.pop());
        }
      }
      assert.deepEqual(
        [...vec.sort()],
        model.sort((a, b) => a - b),
      );
      vec.free();
    }
    const box = world.attempt(() => offheap.Box.newIn(source, Point, { id: 7, at: 0.5 }));
    if (box) {
      assert.equal(box.value.id, 7);
      box.free();
    }
    source.dispose();
  },
};

function endRecords() {
  tables.splice(0).forEach(({ arena }) => arena.dispose());
}

module.exports = { records, endRecords, Point };
