// native functions for shared memory answer wrong arguments and receivers, forged handles are refused, and nothing crashes
'use strict';

const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const { once } = require('node:events');
const { isMainThread, MessageChannel, parentPort, Worker, workerData } = require('node:worker_threads');
const { BumpAlloc, collect, GiB, KiB, memoryUsage, MiB, run } = require('../support.cjs');
const addon = require('../../../build/Release/offheap.node');

const EINVAL = 22;
const METHODS = ['commit', 'expose', 'exposePart', 'resident', 'capacity', 'reserve', 'taken', 'take'];

const newKey = () => crypto.randomBytes(16).toString('hex');
const share = (size = MiB) => addon.share(newKey(), size);
const prototype = Object.getPrototypeOf(share());
const KNOWN = newKey();
const known = addon.share(KNOWN, MiB);

function ready() {
  const shared = share();
  assert.equal(shared.reserve(), 0);
  return shared;
}

function hostileValues() {
  const fail = () => {
    throw new Error('called by the addon');
  };
  return [
    ...[undefined, null, true, '', '4096', 4096n, Symbol('size'), NaN, Infinity, -Infinity, -0, 0, -1, 0.5, 1, 22],
    ...[4095.5, 4096, MiB, MiB + 1, 2 ** 31, 2 ** 32, 2 ** 47, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, 2 ** 64, 1e300],
    ...[
      KNOWN,
      KNOWN.toUpperCase(),
      new String(KNOWN),
      '0'.repeat(31),
      '0'.repeat(33),
      'x'.repeat(1e6),
      '\0'.repeat(32),
    ],
    ...[
      '\u{1f600}'.repeat(16),
      'é'.repeat(32),
      '\ud800'.repeat(32),
      { valueOf: fail, toString: fail },
      [KNOWN],
      [4096],
    ],
    ...[{}, () => 4096, class {}, Object.create(null), new Proxy({}, {}), new Proxy(known, {}), Object.create(known)],
    ...[known, Object.freeze(share()), addon.reserve(MiB, 0), addon, globalThis, new ArrayBuffer(8), Buffer.alloc(32)],
    ...[crypto.createHash('md5'), new MessageChannel().port1, new Map(), Promise.resolve(), new SharedArrayBuffer(8)],
  ];
}

function checkAnswer(answer, name) {
  const allowed = ['share', 'attach', 'expose', 'exposePart'].includes(name) ? ['number', 'object'] : ['number'];
  assert.ok(allowed.includes(typeof answer) && answer !== null, `${name} answered ${String(answer)}`);
  assert.ok(typeof answer !== 'number' || Number.isInteger(answer), `${name} answered ${String(answer)}`);
}

async function callAll(target, names, makeReceiver, others) {
  const values = hostileValues();
  for (const name of names) {
    await collect(1);
    for (const receiver of [makeReceiver(), ...others]) {
      for (const args of [[], ...values.map((value) => [value]), ...values.map((value) => [0, value]), values]) {
        checkAnswer(Reflect.apply(target[name], receiver, args), name);
      }
    }
    const receiver = makeReceiver();
    for (const first of values) {
      for (const second of values) {
        checkAnswer(Reflect.apply(target[name], receiver, [first, second, first]), name);
      }
    }
    for (const args of [[], [KNOWN, MiB], values]) {
      mayThrow(() => Reflect.construct(target[name], args));
      mayThrow(() => Reflect.construct(target[name], args, known.constructor));
    }
  }
}

/** JavaScript may refuse; the process may not end. */
function mayThrow(fn) {
  try {
    return fn();
  } catch (error) {
    assert.ok(error instanceof Error);
    return undefined;
  }
}

/** What is no object of the class, or has never been entered, has no memory, whatever it is told. */
function checkStrangers() {
  const Class = known.constructor;
  const strangers = [
    mayThrow(() => new Class()),
    mayThrow(() => new Class(KNOWN, MiB)),
    mayThrow(() => Reflect.construct(Class, [], class {})),
    mayThrow(() => Reflect.construct(Object, [], Class)),
    mayThrow(() => new (class extends Class {})()),
    mayThrow(() => Class.call(share())),
    addon.reserve(MiB, 2),
    Object.create(known),
    new Proxy(known, {}),
    structuredClone({}),
    undefined,
    null,
    7,
  ];
  for (const stranger of strangers) {
    for (const name of METHODS) {
      assert.equal(Math.abs(Reflect.apply(prototype[name], stranger, [4096, 8192])), EINVAL, name);
    }
  }
  const other = Object.getPrototypeOf(addon.reserve(MiB, 0));
  for (const name of ['commit', 'expose', 'renew', 'discard', 'dispose', 'committed', 'resident']) {
    assert.equal(Math.abs(Reflect.apply(other[name], known, [0, 4096])), EINVAL, name);
  }
}

/** What a caller of the methods must not be able to get. */
function checkRanges() {
  const shared = share();
  assert.deepEqual(
    [shared.commit(4096), shared.expose(4096), shared.taken(), shared.take(0, 1)],
    [EINVAL, EINVAL, 0, 11],
  );
  assert.equal(shared.reserve(), 0);
  assert.equal(shared.reserve(), 0);
  assert.equal(shared.expose(1), EINVAL);
  assert.notEqual(shared.take(0, 1), 0);
  assert.equal(shared.commit(64 * KiB), 0);
  for (const [from, to] of [
    [0, 0],
    [1, 2],
    [0, 64 * KiB + 1],
    [0, MiB],
    [0, -1],
    [0, 0.5],
    [0, NaN],
    [0, 2 ** 53],
    [4, 2],
  ]) {
    assert.notEqual(shared.take(from, to), 0, `take(${from}, ${to})`);
  }
  assert.equal(shared.take(0, 64 * KiB), 0);
  assert.notEqual(shared.take(0, 64 * KiB), 0);
  assert.equal(shared.taken(), 64 * KiB);
  for (const size of [MiB + 1, 2 ** 40, 2 ** 53, -1, NaN]) {
    assert.notEqual(shared.commit(size), 0, `commit(${size})`);
    assert.equal(typeof shared.expose(size), 'number', `expose(${size})`);
  }
  for (const size of [2 ** 47, 2 ** 48, 2 ** 53 - 1, 2 ** 53]) {
    const huge = share(size);
    assert.ok(typeof huge === 'number' || huge.reserve() !== 0, `reserve(${size})`);
    assert.ok(typeof huge === 'number' || huge.commit(4096) !== 0);
  }
  const empty = share(0);
  assert.deepEqual([empty.reserve(), empty.commit(0), empty.expose(0), empty.take(0, 1)], [0, 0, EINVAL, 11]);
  assert.equal(typeof addon.share(KNOWN, MiB), 'number'); // a key that is in use
  assert.equal(addon.attach(KNOWN).capacity(), MiB);
}

/** @returns how many forged handles were refused, of how many. */
function checkHandles(handle) {
  const { type, id } = handle;
  const getters = {
    get type() {
      return type;
    },
    get id() {
      gc();
      return `${id.slice(1)}0`;
    },
  };
  const changing = { type, reads: 0 };
  Object.defineProperty(changing, 'id', { get: () => (changing.reads++ === 0 ? newKey() : 'x') });
  const throwing = new Proxy({}, { get: () => assert.fail('read') });
  const forged = [
    ...hostileValues(),
    ...hostileValues()
      .map((value) => ({ type, id: value }))
      .filter((each) => each.id !== KNOWN),
    ...hostileValues().map((value) => ({ type: value, id })),
    { type, id: newKey() },
    { type, id: [id] },
    { type, id: `${id}\n` },
    { type, id: new String(id) },
    getters,
    changing,
    throwing,
    [type, id],
  ];
  for (const each of forged) {
    assert.throws(
      () => BumpAlloc.attach(each),
      (error) => error instanceof Error,
    );
  }
  assert.equal(BumpAlloc.attach({ type, id, more: 1 }).alloc(10)?.length, 10);
}

async function main() {
  await callAll(addon, ['share', 'attach'], () => addon, [undefined, null, 1, {}, known, new Proxy(addon, {})]);
  const methods = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  assert.deepEqual(methods, METHODS);
  await callAll(prototype, METHODS, ready, hostileValues());
  checkStrangers();
  checkRanges();

  const alloc = new BumpAlloc();
  const block = alloc.alloc(100).fill(1);
  checkHandles(alloc.handle);
  const worker = new Worker(module.filename, { workerData: alloc.handle });
  await once(worker, 'message');
  await worker.terminate();
  assert.ok(block.every((byte) => byte === 1));

  // The class may be tampered with.
  const shared = ready();
  Object.setPrototypeOf(shared, null);
  assert.equal(prototype.commit.call(shared, MiB), 0);
  const bytes = new Uint8Array(prototype.expose.call(shared, MiB)).fill(1);
  delete prototype.take;
  prototype.constructor = Map;
  Object.freeze(known.constructor);
  assert.equal(typeof share(), 'object');
  await collect();
  assert.equal(bytes[MiB - 1], 1);
  assert.ok(memoryUsage().kinds.bumpAlloc.reserved < 4 * GiB);
}

if (isMainThread) {
  run(main);
} else {
  checkHandles(workerData);
  checkStrangers();
  checkRanges();
  parentPort.postMessage('done');
}
