// Uses all that has generated code behind it, and prints what comes out as JSON. See no-code-generation.test.ts.
'use strict';
const {
  array,
  BumpArena,
  bytes,
  f32,
  f64,
  i64,
  layoutOf,
  oneOf,
  ref,
  self,
  str,
  struct,
  text,
  TypedArena,
  TypedArenaLazy,
  u128,
  u32,
  u8,
} = require('../../dist/index.js');

let generated = true;
try {
  new Function('return 0');
} catch (error) {
  generated = error.name !== 'EvalError';
}

class Point extends struct({ x: f32, y: f32 }) {
  sum() {
    return this.x + this.y;
  }
}
class Body extends struct({
  id: u32,
  big: i64,
  wide: u128,
  name: str(8),
  note: text,
  kind: oneOf('star', 'planet'),
  hash: bytes(2),
  at: Point,
  next: self,
  list: array(f64, 2),
  line: array(Point, 2),
}) {
  #secret = this.id + 1;
  get secret() {
    return this.#secret;
  }
}
const attempt = (fn) => {
  try {
    return fn();
  } catch (error) {
    return error.code;
  }
};

const results = [layoutOf(Body)];
for (const Arena of [TypedArena, TypedArenaLazy]) {
  const dropped = [];
  const arena = new Arena(Body, 3, { drop: ({ id }, index) => dropped.push([id, index]) });
  const body = arena.alloc({
    id: 1,
    big: -1n,
    wide: 5n,
    name: 'sun',
    kind: 'planet',
    at: { x: 1 },
    list: [1],
    line: [{ y: 2 }],
  });
  body.note = 'a text';
  body.hash[1] = 7;
  body.at.y = 3;
  body.next = body;
  arena.push({ id: 2, next: body });
  arena.pushValues(3, 1n, 2n, 'moon', 'note', 'star', Buffer.from([1]), {}, body, [], []);
  results.push(arena.push({}), arena.alloc(), arena.length, arena.used, arena.indexOf(body));
  results.push(
    ...Array.from(arena, (record) => record.toJSON()),
    arena.at(0).secret,
    arena.at(2).next.at.sum(),
    arena.at(0).line[0].y,
  );
  results.push([...arena.column('id')], [...arena.column('name')], arena.column('id').copyTo(new Float64Array(2), 1));
  arena.forEach((record, index) => results.push(record.id * 10 + index));
  results.push(
    attempt(() => arena.push({ id: -1 })),
    attempt(() => (body.name = 'much too long')),
  );
  results.push(
    attempt(() => arena.pushValues(1)),
    attempt(() => arena.at(3)),
    attempt(() => new Body()),
  );
  results.push(
    attempt(() => arena.push({ note: 'x'.repeat(1000) })),
    attempt(() => arena.column('nope')),
  );
  results.push(attempt(() => struct({ 'a-b': u8 })));
  arena.reset();
  results.push(
    attempt(() => body.id),
    arena.alloc().toJSON(),
    dropped,
  );
  arena.dispose();
  results.push(attempt(() => arena.push({})));
}

class Circle extends struct({ radius: u8, at: ref(() => Point) }) {}
const arena = new BumpArena(100);
const at = arena.place(Point, { x: 1, y: 2 });
const circle = arena.place(Circle, { radius: 2, at });
results.push(
  circle.toJSON(),
  circle.at.sum(),
  arena.used,
  attempt(() => arena.place(Body)),
  attempt(() => arena.place(Circle, { radius: 256 })),
);
arena.reset();
results.push(attempt(() => circle.radius));
console.log(JSON.stringify({ generated, results }));
