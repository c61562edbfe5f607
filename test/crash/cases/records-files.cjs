// files of records that were damaged, and sources and targets that are none
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { PassThrough, Readable, Writable } = require('node:stream');
const { array, bytes, collectUntil, f64, memoryUsage, oneOf, ref, run, seededRandom, self } = require('../support.cjs');
const { sleep, str, struct, text, TypedArena, TypedArenaLazy, u32 } = require('../support.cjs');

const Inner = struct({ x: f64, kind: oneOf('a', 'b', 'c') });
const Node = struct({
  id: u32,
  next: self,
  inner: Inner,
  to: ref(() => Inner),
  name: text,
  tag: str(5),
  data: bytes(3),
  texts: array(text, 2),
  links: array(self, 2),
  kinds: array(oneOf('x', 'y'), 3),
});
const Empty = struct({});

const CODES = ['ERR_OFFHEAP_FORMAT', 'ERR_OFFHEAP_TOO_LARGE', 'ERR_OFFHEAP_OS', 'ERR_OFFHEAP_FULL'];

async function fileOf(arena) {
  const chunks = [];
  await arena.save(new Writable({ write: (chunk, _encoding, done) => done(void chunks.push(Buffer.from(chunk))) }));
  return Buffer.concat(chunks);
}

/** Reads everything there is, follows links, and writes. */
function use(arena) {
  for (const record of arena) {
    try {
      record.toObject();
      for (let each = record, steps = 0; each !== null && steps < 20; each = each.next, steps++) {
        each.name.length;
        each.to?.kind.length;
        each.inner.kind.length;
        each.texts.at(1).length;
        each.links.at(0)?.tag.length;
        each.name = 'changed';
        each.texts[0] = 'changed, too';
        each.data.fill(1);
      }
    } catch (error) {
      assert.match(String(error.code), /^ERR_/, error.stack);
    }
  }
  arena.push({ name: 'last' });
  arena.reset();
  arena.push({ name: 'first' });
  arena.dispose();
}

async function loadDamaged(random) {
  const original = new TypedArena(Node, 10);
  for (let id = 0; id < 4; id++) {
    original.push({ id, name: `name ${id}`, next: id === 0 ? null : original.at(id - 1), texts: ['x', 'öäü'] });
    original.at(id).links.set([original.at(0), original.at(id)]);
    original.at(id).to = original.at(0).inner;
  }
  const file = await fileOf(original);
  const loaded = { all: 0, not: 0 };
  for (let round = 0; round < 3000; round++) {
    const damaged = Buffer.from(file);
    for (let times = 1 + random.below(4); times > 0; times--) {
      const at = random.below(file.length);
      damaged[at] = random.pick([0, 1, 0x7f, 0xff, damaged[at] ^ (1 << random.below(8)), random.below(256)]);
    }
    const Arena = random.pick([TypedArena, TypedArenaLazy]);
    const length = random.below(10) === 0 ? random.below(file.length) : file.length;
    try {
      use(await Arena.load(Node, [damaged.subarray(0, length)], { count: 10 }));
      loaded.all++;
    } catch (error) {
      assert.ok(CODES.includes(error.code), error);
      loaded.not++;
    }
  }
  assert.ok(loaded.all > 100 && loaded.not > 100, JSON.stringify(loaded));
}

async function refuse(promise) {
  const refused = promise.then(
    () => 'fulfilled',
    (error) => error,
  );
  const answer = await Promise.race([refused, sleep(2000)]);
  assert.notEqual(answer, undefined, 'neither fulfilled nor rejected');
  return answer;
}

function openFiles() {
  return fs.existsSync('/proc/self/fd') ? fs.readdirSync('/proc/self/fd').length : 0;
}

async function useStrangeSources(folder) {
  const arena = new TypedArena(Empty, 3);
  arena.push({});
  const file = path.join(folder, 'file');
  await arena.save(file);
  const before = openFiles();
  const missing = path.join(folder, 'missing');
  for (let round = 0; round < 20; round++) {
    for (const Struct of [Empty, Node, {}, undefined]) {
      for (const options of [undefined, { count: -1 }, { drop: 5 }, null]) {
        for (const source of [file, missing, folder, '', 'a\0b', new URL('http://example.org/'), Buffer.alloc(3), {}]) {
          await refuse(TypedArena.load(Struct, source, options));
        }
      }
    }
  }
  await sleep(50);
  assert.ok(openFiles() - before < 10, `${openFiles() - before} files were left open`);

  const hostile = [
    { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: false, value: 5 }) }) },
    { [Symbol.asyncIterator]: () => ({ next: () => ({ done: false, value: new Uint8Array(3) }), return: 5 }) },
    { [Symbol.asyncIterator]: () => null },
    { [Symbol.iterator]: () => ({}) },
    { [Symbol.iterator]: () => ({ next: () => null }) },
    {
      *[Symbol.iterator]() {
        yield Object.create(Uint8Array.prototype);
      },
    },
    {
      *[Symbol.iterator]() {
        const gone = new Uint8Array(8);
        structuredClone(gone.buffer, { transfer: [gone.buffer] });
        yield gone;
      },
    },
    new Readable({
      read() {
        this.destroy(new Error('from a stream'));
      },
    }),
    Readable.from(['text']),
    Readable.from([Buffer.alloc(8)], { objectMode: false }).setEncoding('utf8'),
  ];
  for (const source of hostile) {
    assert.notEqual(await refuse(TypedArenaLazy.load(Node, source)), 'fulfilled');
  }
}

async function useStrangeTargets(folder) {
  const targets = [
    () => ({ write() {} }),
    () => new Proxy(new PassThrough().resume(), {}),
    () =>
      new Writable({
        write(_chunk, _encoding, done) {
          done();
          done();
        },
      }),
    () =>
      new Writable({
        construct() {
          throw new Error('from a stream');
        },
      }),
    () => new Readable({ read() {} }),
    () => Buffer.alloc(3),
    () => undefined,
    () => path.join(folder, 'a\0b'),
    () => '',
    () => new URL('http://example.org/'),
    () => new URL('file:///%00'),
  ];
  for (const make of targets) {
    const arena = new TypedArena(Node, 3);
    arena.push({ name: 'x' });
    await refuse(arena.save(make()));
    arena.reset();
    arena.dispose();
  }
}

run(async () => {
  const random = seededRandom();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'offheap-crash-'));
  try {
    await loadDamaged(random);
    await useStrangeSources(folder);
    await useStrangeTargets(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
  await collectUntil('all memory is given back', () => memoryUsage().retired + memoryUsage().reserved === 0);
});
