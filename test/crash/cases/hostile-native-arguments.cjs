// native functions answer missing arguments, wrong ones and wrong receivers, and do not crash
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { MessageChannel } = require('node:worker_threads');
const zlib = require('node:zlib');
const { collect, GiB, MiB, run } = require('../support.cjs');
const addon = require('../../../build/Release/offheap.node');

const EINVAL = 22;

function hostileValues() {
  const throwing = { valueOf: fail, toString: fail, [Symbol.toPrimitive]: fail };
  function fail() {
    throw new Error('called by the addon');
  }
  const disposed = addon.reserve(MiB, 0);
  disposed.dispose();
  const reservation = addon.reserve(MiB, 0);
  const detached = new ArrayBuffer(8);
  structuredClone(detached, { transfer: [detached] });
  return [
    ...[undefined, null, true, '', '4096', 4096n, Symbol('size'), NaN, Infinity, -Infinity, -0, -1, 0.5, 4095.5],
    ...[
      1,
      2,
      3,
      4,
      22,
      4096,
      2 ** 31,
      2 ** 32,
      2 ** 46,
      2 ** 47,
      2 ** 52,
      2 ** 53,
      2 ** 53 + 2,
      2 ** 63,
      2 ** 64,
      1e300,
    ],
    ...[{}, [], [4096], () => 4096, class {}, throwing, new Number(4096), Object.create(null), Object.freeze({})],
    ...[
      new Proxy({}, {}),
      new Proxy(reservation, {}),
      Object.create(reservation),
      Object.freeze(addon.reserve(MiB, 1)),
    ],
    ...[reservation, disposed, detached, new ArrayBuffer(8), new Uint8Array(8), addon, globalThis, new Date(0), /x/],
    // Objects that Node itself has wrapped.
    ...[crypto.createHash('md5'), zlib.createGzip()._handle, new MessageChannel().port1],
    ...[
      new WeakMap(),
      new Map(),
      new Set(),
      Promise.resolve(),
      new Error('x'),
      new SharedArrayBuffer(8),
      new DataView(new ArrayBuffer(8)),
    ],
  ];
}

/** Numbers, and what `usage` and `reserve` answer, are all there is: nothing throws but what JavaScript itself refuses. */
function checkAnswer(answer, name) {
  const kind = Array.isArray(answer) ? 'array' : typeof answer;
  const allowed = { usage: ['array', 'undefined'], reserve: ['number', 'object'], setMainThread: ['undefined'] };
  allowed.expose = allowed.exposePart = ['number', 'object'];
  assert.ok((allowed[name] ?? ['number']).includes(kind), `${name} answered ${kind}`);
  if (kind === 'number') {
    assert.ok(Number.isInteger(answer), `${name} answered ${answer}`);
  }
}

async function callAll(target, names, makeReceiver, makeOthers) {
  const values = hostileValues();
  for (const name of names) {
    await collect(1); // some reservations are so large that there is no room for many
    const method = target[name];
    for (const receiver of [makeReceiver(), ...makeOthers()]) {
      for (const args of [[], ...values.map((value) => [value]), ...values.map((value) => [0, value]), values]) {
        checkAnswer(Reflect.apply(method, receiver, args), name);
      }
    }
    for (const first of values) {
      for (const second of values) {
        checkAnswer(Reflect.apply(method, makeReceiver(), [first, second, first]), name);
      }
    }
    // Functions of the addon are constructors, too, as all functions of Node-API are.
    for (const args of [[], [MiB, 0], values]) {
      assertNoCrash(() => Reflect.construct(method, args));
      assertNoCrash(() => Reflect.construct(method, args, class {}));
      assertNoCrash(() => Reflect.construct(method, args, Reservation()));
    }
  }
}

function Reservation() {
  return addon.reserve(0, 0).constructor;
}

/** JavaScript may refuse; the process may not end. */
function assertNoCrash(fn) {
  try {
    return fn();
  } catch (error) {
    assert.ok(error instanceof Error);
    return undefined;
  }
}

run(async () => {
  const functions = ['reserve', 'usage', 'mappings', 'setMainThread'];
  const reserve = () => addon.reserve(MiB, 0);
  await callAll(
    addon,
    functions,
    () => addon,
    () => [undefined, null, 1, {}, reserve(), new Proxy(addon, {})],
  );
  await collect();

  const methods = ['commit', 'expose', 'exposePart', 'resident', 'renew', 'committed', 'discard', 'dispose'];
  const prototype = Object.getPrototypeOf(addon.reserve(MiB, 0));
  assert.deepEqual(
    Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor'),
    methods,
  );
  await callAll(prototype, methods, reserve, hostileValues);

  // Made by other means than reserve(): an object that is no reservation, whatever it is told.
  const Class = Reservation();
  const strangers = [
    assertNoCrash(() => new Class()),
    assertNoCrash(() => new Class(MiB, 0, {})),
    assertNoCrash(() => Reflect.construct(Class, [])),
    assertNoCrash(() => Reflect.construct(Class, [], class {})),
    assertNoCrash(() => Reflect.construct(Class, [], Map)),
    assertNoCrash(() => Reflect.construct(Object, [], Class)),
    assertNoCrash(() => new (class extends Class {})()),
    assertNoCrash(() => Class.call(addon.reserve(MiB, 0))),
    assertNoCrash(() => Class()),
    Object.create(Class.prototype),
  ];
  for (const stranger of strangers) {
    for (const name of methods) {
      const answer = Math.abs(Reflect.apply(prototype[name], stranger, [4096, 8192]));
      assert.equal(answer, EINVAL, name);
    }
  }

  // The class may be tampered with.
  const reservation = addon.reserve(GiB, 3);
  Object.setPrototypeOf(reservation, null);
  assert.equal(prototype.commit.call(reservation, MiB), 0);
  const buffer = prototype.expose.call(reservation, MiB);
  new Uint8Array(buffer).fill(1);
  assert.equal(prototype.dispose.call(reservation), 0);
  assert.equal(prototype.dispose.call(reservation), EINVAL);
  assert.equal(new Uint8Array(buffer)[MiB - 1], 0);
  delete prototype.commit;
  Object.freeze(Class);
  prototype.constructor = Map;
  assert.equal(typeof addon.reserve(MiB, 0), 'object');
  await collect();
});
