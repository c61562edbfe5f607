// Compares both functions with Node's own, as they were before, for what the first argument names.
'use strict';

const fc = require('fast-check');

const node = { allocUnsafe: Buffer.allocUnsafe, concat: Buffer.concat };
require('offheap/global');
const { isRouted, outcome, print } = require('./common.cjs');

const OPTIONS = { numRuns: 1000, seed: Number(process.env.OFFHEAP_SEED ?? Date.now() % 1_000_000) };

// Node's own looks at Buffer.allocUnsafe in some versions, so it is there again while it is at work.
function nodes(name, args) {
  const ours = Buffer.allocUnsafe;
  Buffer.allocUnsafe = node.allocUnsafe;
  try {
    return node[name](...args);
  } finally {
    Buffer.allocUnsafe = ours;
  }
}

function same(name, ...args) {
  compare(name, args, name === 'concat');
}

function compare(name, args, withContents) {
  const [expected, found] = [() => nodes(name, args), () => Buffer[name](...args)].map((use) =>
    outcome(() => {
      const buffer = use();
      const contents = withContents ? buffer.toString('hex') : null;
      return { length: buffer.length, isBuffer: Object.getPrototypeOf(buffer) === Buffer.prototype, contents };
    }),
  );
  // What V8 says of a detached ArrayBuffer differs with how it has compiled the same code.
  const [first, second] = [expected, found].map((each) =>
    JSON.stringify(each).replace(/Cannot perform [^"]* detached ArrayBuffer/, 'detached'),
  );
  if (first !== second) {
    throw new Error(`Expected ${first}. Received ${second}`);
  }
}

const bytes = fc.uint8Array({ maxLength: 40 });
const shared = bytes.map((part) => {
  const copy = new Uint8Array(new SharedArrayBuffer(part.length));
  copy.set(part);
  return copy;
});
const resizable = bytes.map((part) => {
  const copy = new Uint8Array(new ArrayBuffer(part.length, { maxByteLength: 100 }));
  copy.set(part);
  copy.buffer.resize(part.length >>> 1);
  return copy;
});
const subview = fc
  .tuple(fc.uint8Array({ minLength: 20, maxLength: 60 }), fc.nat(9), fc.nat(9))
  .map(([part, from, length]) => part.subarray(from, from + length));
const routed = bytes.map((part) => {
  const copy = Buffer.allocUnsafe(part.length);
  copy.set(part);
  return copy;
});
const buffer = bytes.map((part) => Buffer.from(part));
const part = fc.oneof(bytes, buffer, subview, shared, resizable, routed, fc.constant(Buffer.alloc(0)));
const parts = fc.array(part, { maxLength: 8 });
const wrong = fc.oneof(
  fc.constantFrom(undefined, null, 0, 5, 'text', true, [1, 2], {}, { length: 3 }, new Map()),
  fc.constantFrom(new Uint16Array(3), new Uint8ClampedArray(3), new DataView(new ArrayBuffer(3)), new ArrayBuffer(3)),
);
const extreme = [2 ** 53 - 1, 2 ** 53, 2 ** 60, Infinity];
const badLength = fc.constantFrom(
  -1,
  NaN,
  0.5,
  2.5,
  -0,
  -Infinity,
  '5',
  '',
  null,
  true,
  [],
  {},
  5n,
  Symbol.iterator,
  ...extreme,
);

// Newer versions collect garbage a few times before they say that there is no room for the extreme ones.
const FEW = { ...OPTIONS, numRuns: 150 };

const checks = {
  lists: fc.property(parts, (list) => same('concat', list)),
  lengths: fc.property(parts, fc.nat(200), (list, length) => {
    const exact = list.reduce((sum, each) => sum + each.length, 0);
    for (const each of [length, exact, exact - 1, exact + 1, 0, undefined]) {
      same('concat', list, each);
    }
  }),
  wrongLengths: fc.property(parts, badLength, (list, length) => same('concat', list, length)),
  wrongElements: fc.property(
    fc.array(fc.oneof(part, wrong), { maxLength: 6 }),
    fc.option(fc.nat(99), { nil: undefined }),
    (list, length) => {
      same('concat', list, length);
    },
  ),
  holes: fc.property(
    fc.sparseArray(part, { maxLength: 9 }),
    fc.option(fc.nat(99), { nil: undefined }),
    (list, length) => {
      same('concat', list, length);
    },
  ),
  noLists: fc.property(
    fc.oneof(
      wrong,
      part,
      fc.constantFrom(new Set(), { 0: Buffer.alloc(1), length: 1 }),
      parts.map((list) => new Set(list)),
    ),
    fc.option(fc.oneof(fc.nat(9), badLength), { nil: undefined }),
    (list, length) => same('concat', list, length),
  ),
  listsOfOtherKinds: fc.property(parts, (list) => {
    class Parts extends Array {}
    same('concat', Parts.from(list));
    same('concat', new Proxy(list, {}));
    same('concat', Object.freeze([...list]));
  }),
  ownIterators: fc.property(parts, parts, (list, others) => {
    const own = Object.assign([...list], { [Symbol.iterator]: () => others[Symbol.iterator]() });
    same('concat', own);
  }),
  ownLengths: fc.property(
    parts,
    bytes,
    fc.nat(60),
    fc.option(fc.nat(99), { nil: undefined }),
    (list, odd, own, length) => {
      const lying = Object.defineProperty(Uint8Array.from(odd), 'length', { value: own });
      compare('concat', [[...list, lying, ...list], length], false); // Node 20 shows what was in memory before
    },
  ),
  detached: fc.property(parts, parts, fc.option(fc.nat(200), { nil: undefined }), (list, others, length) => {
    const odd = new Uint8Array(5);
    structuredClone(odd.buffer, { transfer: [odd.buffer] });
    same('concat', [...list, odd, ...others], length);
  }),
  outOfBounds: fc.property(
    parts,
    parts,
    fc.nat(8),
    fc.option(fc.nat(99), { nil: undefined }),
    (list, others, left, length) => {
      const memory = new ArrayBuffer(8, { maxByteLength: 16 });
      const odd = new Uint8Array(memory, 4, 4);
      memory.resize(left);
      same('concat', [...list, odd, ...others], length);
    },
  ),
  sizes: fc.property(fc.nat(100_000), (size) => same('allocUnsafe', size)),
  alignments: fc.property(
    fc.nat(9000),
    fc.constantFrom(undefined, 1, 8, 64, 4096, 0, 3, -8, 2.5, NaN, '8', null, 8n),
    (size, alignment) => same('allocUnsafe', size, alignment),
  ),
  wrongSizes: fc.property(fc.oneof(badLength, wrong, fc.double({ max: 1e5 })), (size) => same('allocUnsafe', size)),
};

const isOn = isRouted();
const { counterexamplePath, errorInstance, seed } = fc.check(
  checks[process.argv[2]],
  /^wrong(Len|Siz)/.test(process.argv[2]) ? FEW : OPTIONS,
);
print([
  isOn,
  isRouted(),
  errorInstance === null ? null : `${errorInstance.message} (OFFHEAP_SEED=${seed}, ${counterexamplePath})`,
]);
