import {
  type Allocator,
  type AllocatorLogger,
  BumpArena,
  FreeList,
  heap,
  KiB,
  NullAllocator,
  ProxyAllocator,
  Box,
  u32,
} from '../../lib';
import { codeOf, TestSource } from './support';

type Hook = 'alloc' | 'allocFailed' | 'realloc' | 'reallocFailed' | 'free';
const HOOKS: Hook[] = ['alloc', 'allocFailed', 'realloc', 'reallocFailed', 'free'];

/** A logger that keeps what it was told. */
function recorder(timed?: boolean): { logger: AllocatorLogger; calls: unknown[][] } {
  const calls: unknown[][] = [];
  const hooks = HOOKS.map((hook) => [hook, (...args: unknown[]) => calls.push([hook, ...args])]);
  const logger = Object.fromEntries(hooks) as AllocatorLogger;
  return { logger: timed === undefined ? logger : { ...logger, timed }, calls };
}

/** Calls every hook once, of a proxy over a FreeList of one block of 100 bytes. */
function callAll(proxy: ProxyAllocator<FreeList>): Buffer {
  const block = proxy.alloc(50)!;
  expect(proxy.alloc(50, 4)).toBeNull();
  expect(proxy.realloc(block, 60)).toBe(block);
  expect(proxy.realloc(block, 200)).toBeNull();
  proxy.free(block);
  return block;
}

describe('ProxyAllocator', () => {
  const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});

  /** What the process has been warned of since the last time. */
  function warned(): string[] {
    const warnings = emitWarning.mock.calls.map(([warning]) => String(warning));
    emitWarning.mockClear();
    return warnings;
  }

  afterAll(() => {
    emitWarning.mockRestore();
  });

  it('tells its logger of everything that happens, with what there is to know', () => {
    const { logger, calls } = recorder();
    using list = new FreeList(heap, { blockSize: 100, count: 1 });
    const block = callAll(new ProxyAllocator(list, logger));
    expect(calls).toEqual([
      ['alloc', block, 50, undefined, undefined],
      ['allocFailed', 50, 4, undefined],
      ['realloc', block, block, 100, 60, undefined],
      ['reallocFailed', block, 200, undefined],
      ['free', block, 100, undefined],
    ]);
    expect(calls[0]![1]).toBe(block);
  });

  it('tells the sizes of a block before and after it was moved', () => {
    const { logger, calls } = recorder();
    const proxy = new ProxyAllocator(heap, logger);
    const block = proxy.alloc(10, 8)!;
    const moved = proxy.realloc(block, 500, 16)!;
    const short = proxy.realloc(moved, 20)!;
    proxy.free(short);
    expect(calls).toEqual([
      ['alloc', block, 10, 8, undefined],
      ['realloc', moved, block, 10, 500, undefined],
      ['realloc', short, moved, 500, 20, undefined],
      ['free', short, 20, undefined],
    ]);
    expect([calls[1]![1] === moved, calls[2]![1] === short]).toEqual([true, true]);
  });

  it.each([
    [true, 'number'],
    [false, 'undefined'],
    ['yes', 'undefined'],
    [1, 'undefined'],
  ])('measures how long it takes where timed is %s: %s', (timed, type) => {
    const { logger, calls } = recorder(timed as boolean);
    using list = new FreeList(heap, { blockSize: 100, count: 1 });
    callAll(new ProxyAllocator(list, logger));
    const durations = calls.map((call) => call.at(-1));
    expect(durations.map((duration) => typeof duration)).toEqual(HOOKS.map(() => type));
    if (type === 'number') {
      expect(durations.every((duration) => (duration as number) >= 0 && (duration as number) < 1000)).toBe(true);
    }
  });

  it('measures the call alone, in milliseconds', () => {
    const { logger, calls } = recorder(true);
    const slow = new TestSource();
    const alloc = slow.alloc.bind(slow);
    slow.alloc = (size, align) => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      return alloc(size, align);
    };
    new ProxyAllocator(slow, logger).alloc(10);
    expect(calls[0]!.at(-1)).toBeGreaterThan(15);
  });

  it('needs none of the hooks', () => {
    using list = new FreeList(heap, { blockSize: 100, count: 1 });
    callAll(new ProxyAllocator(list, {}));
    for (const hook of HOOKS) {
      const { logger, calls } = recorder();
      const others = HOOKS.filter((each) => each !== hook);
      callAll(new ProxyAllocator(list, { ...logger, ...Object.fromEntries(others.map((each) => [each, undefined])) }));
      expect(calls.map(([name]) => name)).toEqual([hook]);
    }
  });

  it('calls the hooks as methods of the logger', () => {
    class Counter implements AllocatorLogger {
      blocks = 0;
      alloc(): void {
        this.blocks++;
      }
      free(): void {
        this.blocks--;
      }
    }
    const counter = new Counter();
    const proxy = new ProxyAllocator(heap, counter);
    const blocks = [proxy.alloc(1)!, proxy.alloc(1)!];
    proxy.free(blocks[0]!);
    expect(counter.blocks).toBe(1);
  });

  describe('loses no block', () => {
    const thrown: [what: string, error: () => unknown][] = [
      ['an Error', () => new Error('logger')],
      ['nothing', () => undefined],
      ['a string', () => 'logger'],
      ['a symbol', () => Symbol('logger')],
      ['an object without a prototype', () => Object.create(null) as unknown],
      [
        'an object that cannot be made a string',
        () => ({
          toString() {
            throw new Error('no string');
          },
        }),
      ],
      [
        'an Error whose message cannot be read',
        () =>
          Object.defineProperty(new Error('logger'), 'message', {
            get() {
              throw new Error('no message');
            },
          }),
      ],
    ];

    it.each(thrown)('where every hook throws %s, and warns once', (_what, error) => {
      const fail = (): never => {
        throw error();
      };
      using list = new FreeList(heap, { blockSize: 100, count: 1 });
      const proxy = new ProxyAllocator(list, Object.fromEntries(HOOKS.map((hook) => [hook, fail])));
      for (let i = 0; i < 3; i++) {
        callAll(proxy);
        expect(list.live).toBe(0);
      }
      expect(warned()).toEqual([expect.stringContaining('A logger of a ProxyAllocator has thrown')]);
    });

    it('whichever hook it is that throws, and each proxy warns', () => {
      for (const hook of HOOKS) {
        using list = new FreeList(heap, { blockSize: 100, count: 1 });
        const error = new Error(`in ${hook}`);
        callAll(
          new ProxyAllocator(list, {
            [hook]() {
              throw error;
            },
          }),
        );
        expect(list.live).toBe(0);
        expect(warned()).toEqual([expect.stringContaining(`in ${hook}`)]);
      }
    });

    it('where a hook is no function', () => {
      for (const hook of HOOKS) {
        using list = new FreeList(heap, { blockSize: 100, count: 1 });
        callAll(new ProxyAllocator(list, { [hook]: 5 }));
        expect([list.live, warned().length]).toEqual([0, 1]);
      }
    });

    it('where a hook allocates from the proxy that it is of', () => {
      using list = new FreeList(heap, { blockSize: 100, count: 1000 });
      const held: Buffer[] = [];
      let calls = 0;
      const proxy: ProxyAllocator<FreeList> = new ProxyAllocator(list, {
        alloc() {
          if (calls++ < 10) {
            held.push(proxy.alloc(1)!);
          }
        },
        free() {
          const block = held.pop();
          if (block !== undefined) {
            proxy.free(block);
          }
        },
      });
      const block = proxy.alloc(1)!;
      expect(list.live).toBe(11);
      proxy.free(block);
      expect([list.live, warned()]).toEqual([0, []]);
    });
  });

  it('passes on what the caller does wrong, and tells nobody', () => {
    const { logger, calls } = recorder();
    using list = new FreeList(heap, { blockSize: 100, count: 2 });
    const proxy = new ProxyAllocator(list, logger);
    const block = proxy.alloc(1)!;
    proxy.free(block);
    calls.length = 0;
    expect(codeOf(() => proxy.alloc('1' as never))).toBe('ERR_INVALID_ARG_TYPE');
    expect(codeOf(() => proxy.alloc(-1))).toBe('ERR_OUT_OF_RANGE');
    expect(codeOf(() => proxy.alloc(1, 3))).toBe('ERR_OUT_OF_RANGE');
    expect(
      codeOf(() => {
        proxy.free(block);
      }),
    ).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    expect(codeOf(() => proxy.realloc(block, 1))).toBe('ERR_OFFHEAP_DOUBLE_FREE');
    expect(
      codeOf(() => {
        proxy.free(Buffer.alloc(1));
      }),
    ).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    for (const wrong of [undefined, null, 5, {}] as unknown as Buffer[]) {
      expect(
        codeOf(() => {
          proxy.free(wrong);
        }),
      ).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => proxy.realloc(wrong, 1))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => proxy.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => proxy.lifetimeOf(wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    list.dispose();
    expect(codeOf(() => proxy.alloc(1))).toBe('ERR_OFFHEAP_DISPOSED');
    expect([calls, warned()]).toEqual([[], []]);
  });

  it('knows its blocks where the other allocator does, and else has no such method', () => {
    const { logger } = recorder();
    const proxy = new ProxyAllocator(heap, logger);
    const block = proxy.alloc(10)!;
    expect(['owns' in proxy, proxy.owns(block), proxy.owns(Buffer.alloc(1))]).toEqual([true, true, false]);
    const source: Allocator = new TestSource();
    const plain = new ProxyAllocator(source, logger);
    expect(['owns' in plain, plain.owns, 'owns' in new ProxyAllocator(plain, logger)]).toEqual([
      false,
      undefined,
      false,
    ]);
    const twice = new ProxyAllocator(proxy, logger);
    expect(['owns' in twice, twice.owns(block)]).toEqual([true, true]);
    expect(new ProxyAllocator(new NullAllocator(), logger).owns(block)).toBe(false);
  });

  it('knows how long a block lasts', () => {
    const { logger } = recorder();
    using arena = new BumpArena(1 * KiB);
    const proxy = new ProxyAllocator(new ProxyAllocator(arena, logger), logger);
    const block = proxy.alloc(10)!;
    const box = Box.newIn(proxy, u32, 5)!;
    expect(proxy.lifetimeOf(block)).toBe(arena.lifetimeOf(block));
    arena.resetUnsafe();
    expect(codeOf(() => box.value)).toBe('ERR_OFFHEAP_STALE');
    const source = new TestSource();
    const plain = new ProxyAllocator(source, logger);
    expect(plain.lifetimeOf(plain.alloc(1)!)?.ended ?? false).toBe(false);
  });

  it('refuses wrong arguments with the codes that Node has for them', () => {
    for (const wrong of [undefined, null, 5, 'heap', {}, { alloc() {}, realloc() {} }]) {
      expect(codeOf(() => new ProxyAllocator(wrong as never, {}))).toBe('ERR_INVALID_ARG_TYPE');
    }
    for (const wrong of [undefined, null, 5, 'logger', () => {}]) {
      expect(codeOf(() => new ProxyAllocator(heap, wrong as never))).toBe('ERR_INVALID_ARG_TYPE');
    }
  });
});
