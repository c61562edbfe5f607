import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import {
  type AllocatorMessage,
  type AllocatorLogger,
  BumpArena,
  channelLogger,
  FreeList,
  heap,
  KiB,
  ProxyAllocator,
  streamLogger,
} from '../../lib';
import { codeOf } from './support';

/** A stream that keeps its lines. */
function sink(): { stream: Writable; lines: () => string[] } {
  let text = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  return { stream, lines: () => text.split('\n').slice(0, -1) };
}

/** Every hook once, on a FreeList of one block of 1.5 KiB at offset 0. */
function callAll(logger: AllocatorLogger): Buffer {
  using list = new FreeList(heap, { blockSize: 1536, count: 1 });
  const proxy = new ProxyAllocator(list, logger);
  const block = proxy.alloc(1000)!;
  proxy.alloc(5, 64);
  proxy.realloc(block, 10);
  proxy.realloc(block, 5000);
  proxy.free(block);
  expect(list.live).toBe(0);
  return block;
}

describe('streamLogger', () => {
  it('writes a line for each call, that can be read by people and by programs', () => {
    const { stream, lines } = sink();
    callAll(streamLogger(stream));
    const untimed = lines().map((line) => line.replace(/, \d+\.\d µs$/, ''));
    expect(untimed).toEqual([
      'alloc 1000 B at 0',
      'alloc 5 B aligned to 64 B failed',
      'realloc 1.5 KiB to 10 B at 0',
      'realloc 1.5 KiB to 4.9 KiB failed',
      'free 1.5 KiB at 0',
    ]);
    expect(lines().every((line) => /, \d+\.\d µs$/.test(line))).toBe(true);
  });

  it('says where a block lies, and to what it was aligned', () => {
    const { stream, lines } = sink();
    using arena = new BumpArena(64 * KiB);
    const proxy = new ProxyAllocator(arena, streamLogger(stream));
    arena.alloc(100);
    proxy.alloc(2048, 4096);
    proxy.free(proxy.realloc(proxy.alloc(1)!, 3)!);
    expect(lines().map((line) => line.split(',')[0])).toEqual([
      'alloc 2 KiB aligned to 4 KiB at 4096',
      'alloc 1 B at 6144',
      'realloc 1 B to 3 B at 6144',
      'free 3 B at 6144',
    ]);
  });

  it('begins each line with its name', () => {
    const { stream, lines } = sink();
    callAll(streamLogger(stream, 'images'));
    expect(lines()).toHaveLength(5);
    expect(lines().every((line) => /^images: (alloc|realloc|free) /.test(line))).toBe(true);
  });

  it('drops what comes while its stream is ended or destroyed', async () => {
    for (const finish of [(stream: Writable) => stream.end(), (stream: Writable) => stream.destroy()]) {
      const { stream, lines } = sink();
      const errors: unknown[] = [];
      stream.on('error', (error) => errors.push(error));
      const logger = streamLogger(stream);
      callAll(logger);
      finish(stream);
      callAll(logger);
      await new Promise((resolve) => setTimeout(resolve, 5));
      callAll(logger);
      expect([lines().length, errors]).toEqual([5, []]);
    }
  });

  it('loses no block where its stream fails, throws, or was destroyed with an error', async () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const failing: Writable[] = [
      new Writable({
        write(_chunk, _encoding, done) {
          done(new Error('disk full'));
        },
      }),
      new Writable({
        write() {
          throw new Error('broken');
        },
      }),
      new Writable(),
      new Writable(),
    ];
    failing.forEach((stream) => stream.on('error', () => {}));
    failing[3]!.destroy(new Error('gone'));
    for (const stream of failing) {
      const logger = streamLogger(stream);
      callAll(logger);
      await new Promise((resolve) => setTimeout(resolve, 5));
      callAll(logger);
    }
    expect(emitWarning).toHaveBeenCalled();
    emitWarning.mockRestore();
  });

  it('keeps the lines for a stream that is slow', async () => {
    const chunks: string[] = [];
    const stream = new Writable({
      highWaterMark: 10,
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk.toString());
        setImmediate(done);
      },
    });
    callAll(streamLogger(stream));
    callAll(streamLogger(stream));
    await new Promise<void>((resolve) => stream.end(resolve));
    expect(chunks.join('').split('\n')).toHaveLength(11);
  });

  it('refuses what is no stream with the code that Node has for it', () => {
    for (const wrong of [undefined, null, 5, 'stdout', {}, { write: true }]) {
      expect(codeOf(() => streamLogger(wrong as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });
});

describe('channelLogger', () => {
  const NAMES = ['alloc', 'allocFailed', 'realloc', 'reallocFailed', 'free'].map((hook) => `offheap:${hook}`);

  /** Messages that are published while `fn` runs. */
  function messagesOf(fn: () => void, names = NAMES): [string, AllocatorMessage][] {
    const messages: [string, AllocatorMessage][] = [];
    const listener = (message: unknown, name: string | symbol): void => {
      messages.push([String(name), message as AllocatorMessage]);
    };
    names.forEach((name) => {
      subscribe(name, listener);
    });
    try {
      fn();
    } finally {
      names.forEach((name) => unsubscribe(name, listener));
    }
    return messages;
  }

  it('publishes every call on a channel of its own', () => {
    let block!: Buffer;
    const messages = messagesOf(() => {
      block = callAll(channelLogger('images'));
    });
    expect(messages).toEqual([
      ['offheap:alloc', { name: 'images', size: 1000, align: undefined, block }],
      ['offheap:allocFailed', { name: 'images', size: 5, align: 64 }],
      ['offheap:realloc', { name: 'images', size: 10, oldSize: 1536, block }],
      ['offheap:reallocFailed', { name: 'images', size: 5000, oldSize: 1536, block }],
      ['offheap:free', { name: 'images', size: 1536, block }],
    ]);
    expect(messages[0]![1].block).toBe(block);
  });

  it('is called allocator where it has no name', () => {
    const messages = messagesOf(() => callAll(channelLogger()));
    expect(messages.map(([, { name }]) => name)).toEqual(Array(5).fill('allocator'));
  });

  it('publishes nothing where nobody listens, and begins when somebody does', () => {
    const logger = channelLogger();
    callAll(logger);
    expect(NAMES.map((name) => channel(name).hasSubscribers)).toEqual(NAMES.map(() => false));
    expect(messagesOf(() => callAll(logger), ['offheap:free']).map(([name]) => name)).toEqual(['offheap:free']);
    expect(messagesOf(() => callAll(logger))).toHaveLength(5);
    callAll(logger);
  });

  it('loses no block where a subscriber throws, whose error is reported as Node does it', async () => {
    const dist = join(__dirname, '../../dist/index.js');
    const program = `
      const { subscribe } = require('node:diagnostics_channel');
      const { channelLogger, FreeList, heap, ProxyAllocator } = require(${JSON.stringify(dist)});
      let reported = 0;
      process.on('uncaughtException', () => reported++);
      for (const hook of ['alloc', 'allocFailed', 'realloc', 'reallocFailed', 'free']) {
        subscribe('offheap:' + hook, () => { throw new Error(hook); });
      }
      const list = new FreeList(heap, { blockSize: 100, count: 1 });
      const proxy = new ProxyAllocator(list, channelLogger());
      const block = proxy.alloc(1);
      const answers = [block.length, proxy.alloc(1), proxy.realloc(block, 5) === block, proxy.realloc(block, 500), list.live];
      proxy.free(block);
      setTimeout(() => console.log(JSON.stringify([...answers, list.live, reported])), 20);
    `;
    const output = await new Promise<string>((resolve) => {
      execFile(process.execPath, ['-e', program], (error, stdout, stderr) => {
        resolve(error === null ? stdout : stderr);
      });
    });
    expect(output.trim()).toBe('[100,null,true,null,1,0,5]');
  });
});
