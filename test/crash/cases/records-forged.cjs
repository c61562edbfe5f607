// forged receivers, forged structs, hostile init objects and tampered prototypes throw, or do nothing
'use strict';

const assert = require('node:assert/strict');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { array, BumpArena, BumpArenaLazy, bytes, collect, f64, i128, KiB, layoutOf, oneOf } = require('../support.cjs');
const { ref, run, self, str, struct, text, TypedArena, TypedArenaLazy, u32 } = require('../support.cjs');
const { closures } = require('../../../dist/layout/closures.js');
const { defineStruct } = require('../../../dist/layout/struct.js');

// Some of the hostile values are paths, and save() takes them at their word.
const folder = mkdtempSync(join(tmpdir(), 'offheap-crash-'));
process.chdir(folder);
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** JavaScript and the library may refuse; the process may not end. */
function attempt(fn) {
  try {
    const answer = fn();
    if (answer instanceof Promise) {
      answer.catch(() => {});
    }
    return answer;
  } catch (error) {
    assert.ok(error === undefined || error === null || error instanceof Object || typeof error === 'symbol');
    return undefined;
  }
}

function structsOf(define) {
  const Inner = define({ x: f64, y: f64 });
  class Node extends define({
    id: u32,
    next: self,
    other: ref(() => Inner),
    name: text,
    tag: str(5),
    kind: oneOf('a', 'b'),
    inner: Inner,
    data: bytes(8),
    list: array(u32, 3),
    marks: array(oneOf('x', 'y'), 2),
    wide: i128,
  }) {}
  class Leaf extends define({ id: u32, next: self, inner: Inner, data: bytes(8) }) {}
  return { Inner, Node, Leaf };
}

function hostileValues({ Node, Leaf, Inner }) {
  const arena = new TypedArenaLazy(Node, 10);
  const disposed = new TypedArena(Node, 10);
  const stale = disposed.alloc();
  disposed.dispose();
  const placed = new BumpArena(KiB).place(Leaf);
  const throwing = new Proxy(
    {},
    {
      get() {
        throw new Error('trap');
      },
      getPrototypeOf() {
        throw new Error('trap');
      },
    },
  );
  const record = arena.alloc({ id: 1 });
  return [
    ...[undefined, null, 0, -1, 1.5, NaN, 2 ** 53, 1n, 'x', '', true, Symbol('s'), {}, [], () => 1, class {}, 2 ** 31],
    ...[
      arena,
      disposed,
      stale,
      placed,
      record,
      record.inner,
      record.marks,
      record.list,
      record.data,
      arena.column('id'),
    ],
    ...[Node, Leaf, Inner, Node.prototype, Object.create(Node.prototype), Object.create(record), Object.create(arena)],
    ...[
      new Proxy(record, {}),
      new Proxy(arena, {}),
      new Proxy(Node, {}),
      throwing,
      new Proxy(Node, { getPrototypeOf: () => Leaf }),
    ],
    ...[
      Object.create(null),
      { length: -1 },
      { length: 2 ** 53 },
      { length: 3, 0: 1 },
      new Proxy([1, 2], {}),
      globalThis,
    ],
    ...[TypedArena, TypedArena.prototype, new Uint8Array(8), new ArrayBuffer(8), new SharedArrayBuffer(8), new Date(0)],
    ...[new BumpArenaLazy(KiB), new WeakMap(), Promise.resolve(), new Error('x'), new Map([[0, 1]])],
  ];
}

/** Every method and accessor of an object's prototypes. */
function membersOf(object) {
  const found = [];
  for (let each = object; each !== null && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    // An array has the same accessors for every index.
    for (const key of Reflect.ownKeys(each).filter((name) => !(parseInt(String(name)) > 1))) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(each, key);
      found.push(...[value, get, set].filter((fn) => typeof fn === 'function' && !isClass(fn)));
    }
  }
  return found;
}

const isClass = (fn) => /^class\b/.test(Function.prototype.toString.call(fn)) || fn.prototype?.constructor === fn;

/** Calls every member on every receiver, with hostile arguments. */
async function callEverything(structs) {
  const { Node, Leaf } = structs;
  const values = hostileValues(structs);
  const make = () => {
    const arena = new TypedArenaLazy(Node, 5);
    const record = arena.alloc({ id: 1, name: 'one' });
    const placing = new BumpArenaLazy(KiB);
    return [arena, record, record.inner, record.marks, arena.column('id'), arena.column('name'), placing.place(Leaf)];
  };
  for (const [i, target] of make().entries()) {
    for (const member of membersOf(target)) {
      await collect(1); // each arena takes mappings
      for (const receiver of [...make(), ...values]) {
        for (const args of [[], [values[5], values[2]], [receiver], [0, receiver]]) {
          const answer = attempt(() => Reflect.apply(member, receiver, args));
          if (typeof answer?.next === 'function') {
            attempt(() => answer.next());
          }
        }
      }
      let own = make()[i];
      for (const [n, value] of values.entries()) {
        own = n % 10 === 0 ? make()[i] : own;
        attempt(() => Reflect.apply(member, own, [value]));
        attempt(() => Reflect.construct(member, [value]));
      }
    }
  }
}

function constructEverything(structs) {
  const values = hostileValues(structs);
  const { Node, Leaf } = structs;
  for (const value of values) {
    for (const Arena of [TypedArena, TypedArenaLazy]) {
      attempt(() => new Arena(value, 5));
      attempt(() => new Arena(Node, value));
      attempt(() => new Arena(Node, 5, value));
      attempt(() => new Arena(Node, 5, { drop: value, textBytes: value }));
      attempt(() => Reflect.construct(Arena, [Node, 5], value).push({}));
      attempt(() => Arena.load(value, [value]));
      attempt(() => Reflect.apply(Arena.load, value, [Node, [value]]));
    }
    attempt(() => new Node(value));
    attempt(() => Reflect.construct(Node, [value, value], value));
    attempt(() => new (class extends Node {})(value, 5).id);
    attempt(() => layoutOf(value));
    attempt(() => struct({ field: value }));
    attempt(() => struct(value));
    attempt(() => array(value, 2));
    attempt(() => array(u32, value));
    attempt(() => bytes(value));
    attempt(() => str(value));
    attempt(() => oneOf(value, value, 'x'));
    attempt(() => new TypedArena(struct({ field: ref(value) }), 1).push({ field: value }));
    attempt(() => new TypedArena(struct({ field: ref(() => value) }), 1).push({ field: value }));
    attempt(() => new BumpArena(KiB).place(value));
    attempt(() => new BumpArena(KiB).place(Leaf, value));
  }
}

/** Init objects that are records, of whatever arena, the record itself, or proxies; and values for single fields. */
function initialize({ Node, Leaf }) {
  for (const Arena of [TypedArena, TypedArenaLazy]) {
    const arena = new Arena(Node, 1000);
    const record = arena.alloc({ id: 5, name: 'five', data: Buffer.from('12345678'), list: [1, 2, 3], marks: ['y'] });
    assert.deepEqual(arena.alloc(record).toObject(), record.toObject());
    const before = record.toObject();
    for (const field of Object.keys(before)) {
      const value = record[field];
      record[field] = value;
    }
    assert.deepEqual(record.toObject(), before);
    record.data = record.data.subarray(3);
    record.next = record;
    const fields = Object.keys(record.toObject());
    for (const value of hostileValues({ Node, Leaf, Inner: Leaf })) {
      attempt(() => arena.push(value));
      for (const field of fields) {
        attempt(() => (record[field] = value));
        attempt(() => arena.push({ [field]: value }));
        attempt(() => arena.push({ inner: { x: value } }));
      }
      attempt(() => record.marks.set(value));
      attempt(() => record.marks.set([value], value));
      attempt(() => arena.pushValues(...fields.map(() => value)));
    }
    const proxy = new Proxy(record, {});
    attempt(() => arena.push(proxy));
    const endless = new Proxy({}, { get: (_target, _key, receiver) => receiver });
    attempt(() => arena.push(endless));
    const iterating = {
      *[Symbol.iterator]() {
        arena.reset();
        yield 1;
        arena.push({});
      },
    };
    attempt(() => arena.push({ list: iterating }));
    attempt(() => (arena.at(0).list = iterating));
    attempt(() =>
      arena.alloc({
        get id() {
          arena.dispose();
          return 1;
        },
      }),
    );
    attempt(() => arena.push({}));
  }
}

function nestDeeply(define) {
  let Deep = define({ value: u32 });
  for (let depth = 0; depth < 60; depth++) {
    Deep = define({ inner: Deep, list: array(u32, 1) });
  }
  const arena = new TypedArenaLazy(Deep, 10);
  let init = { value: 7 };
  for (let depth = 0; depth < 60; depth++) {
    init = { inner: init };
  }
  let record = arena.alloc(init);
  record.toObject();
  JSON.stringify(record);
  for (let depth = 0; depth < 60; depth++) {
    record = record.inner;
  }
  assert.equal(record.value, 7);
  const own = {};
  own.inner = own;
  attempt(() => arena.push(own));
  let lists = array(u32, 2);
  for (let depth = 0; depth < 12; depth++) {
    lists = array(lists, 2);
  }
  attempt(() => new TypedArena(define({ lists }), 3).alloc().toObject());
  attempt(() => {
    let list = u32;
    for (let depth = 0; depth < 40; depth++) {
      list = array(list, 2);
    }
  });
  const Wide = define(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`field${i}`, u32])));
  assert.equal(new TypedArena(Wide, 2).alloc({ field499: 3 }).field499, 3);
}

/** What a program may do to the classes and objects that it is given. */
function tamper(define) {
  for (const Arena of [TypedArena, TypedArenaLazy]) {
    const { Node, Leaf, Inner } = structsOf(define);
    const arena = new Arena(Node, 100);
    const record = arena.alloc({ id: 1, name: 'one' });
    record.next = record;
    const base = Object.getPrototypeOf(Node.prototype);
    const reading = () =>
      attempt(() => [record.id, record.next, record.inner, record.name, record.toObject(), arena.at(0)]);
    const special = Object.getPrototypeOf(arena);
    for (const constructor of [Leaf, Inner, Array, undefined, null, 5, class extends Leaf {}]) {
      Node.prototype.constructor = constructor;
      base.constructor = constructor;
      special.constructor = special === Arena.prototype ? Arena : constructor;
      reading();
      attempt(() => record.next.inner.x);
      attempt(() => require('node:util').inspect(arena));
      attempt(() => require('node:util').inspect(record));
    }
    Node.prototype.constructor = Node;
    Object.setPrototypeOf(record, Leaf.prototype);
    reading();
    Object.setPrototypeOf(record, null);
    assert.throws(() => Object.getOwnPropertyDescriptor(base, 'id').get.call({}), TypeError);
    assert.equal(Object.getOwnPropertyDescriptor(base, 'id').get.call(record), 1);
    Object.setPrototypeOf(Node, Leaf);
    attempt(() => arena.alloc({}).toObject());
    attempt(() => new Arena(Node, 2).alloc({}).toObject());
    Object.setPrototypeOf(Node, Function.prototype);
    attempt(() => arena.alloc({}).toObject());
    attempt(() => new Arena(Node, 2).alloc({}).toObject());
    Object.freeze(Node.prototype);
    for (const method of special === Arena.prototype ? [] : ['push', 'at', 'reset', 'forEach']) {
      delete special[method];
      attempt(() => arena[method](() => 1));
      attempt(() => TypedArena.prototype[method].call(arena, () => 1));
    }
    attempt(() => arena.push({ id: 3 }));
    attempt(() => [...arena].map((each) => each.toObject()));
    Object.setPrototypeOf(arena, Array.prototype);
    attempt(() => TypedArena.prototype.push.call(arena, {}));
    attempt(() => TypedArena.prototype.dispose.call(arena));
  }
}

run(async () => {
  for (const define of [struct, (fields) => defineStruct(fields, closures)]) {
    await callEverything(structsOf(define));
    constructEverything(structsOf(define));
    initialize(structsOf(define));
    nestDeeply(define);
    tamper(define);
    await collect(2);
  }
  const arena = new TypedArenaLazy(struct({ id: u32 }), 10);
  assert.equal(arena.alloc({ id: 5 }).id, 5);
});
