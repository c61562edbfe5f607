import { runInNewContext } from 'node:vm';

import { heap, type Scope, ScopedAllocator } from '../../lib';
import { codeOf } from './support';

const ASYNC = 'ERR_OFFHEAP_ASYNC_SCOPE';

type Fn = (inner: Scope) => unknown;

describe('The function of a scope', () => {
  it('is refused before it runs where it is async', () => {
    using scoped = new ScopedAllocator(heap, 100);
    let ran = 0;
    const plain = async (): Promise<void> => {
      ran++;
      await Promise.reject(new Error('never'));
    };
    class Worker {
      async work(): Promise<void> {
        ran++;
        await Promise.resolve();
      }
    }
    for (const fn of [plain, plain.bind(null), new Proxy(plain, {}), new Worker().work.bind(null)] as Fn[]) {
      expect(codeOf(() => scoped.scope(fn))).toBe(ASYNC);
      expect(codeOf(() => scoped.scope((inner) => inner.scope(fn)))).toBe(ASYNC);
      expect([ran, scoped.isScoped, scoped.used]).toEqual([0, false, 0]);
    }
  });

  it('is refused after it ran where it answers a promise, and the scope has been left', () => {
    using scoped = new ScopedAllocator(heap, 100);
    const kept: Scope[] = [];
    class Lazily extends Promise<unknown> {}
    const answers: (() => unknown)[] = [
      () => Promise.resolve(1),
      () => Promise.reject(new Error('rejected')),
      () => Lazily.reject(new Error('rejected')),
      () => new Promise((_resolve, reject) => setTimeout(reject, 1, new Error('rejected later'))),
      () => ({ then: () => {} }),
      () => ({
        then: (_resolve: unknown, reject: (reason: unknown) => void) => {
          reject(new Error('rejected'));
        },
      }),
      () => ({
        then: () => {
          throw new Error('thrown');
        },
      }),
      () => Object.assign(() => {}, { then: () => {} }),
      () => runInNewContext('Promise.reject(new Error("elsewhere"))') as unknown,
      () => runInNewContext('(async () => { throw new Error("elsewhere"); })()') as unknown,
    ];
    for (const answer of answers) {
      const code = codeOf(() =>
        scoped.scope((inner) => {
          kept.push(inner);
          inner.alloc(10);
          return answer();
        }),
      );
      expect([code, scoped.isScoped, scoped.used]).toEqual([ASYNC, false, 0]);
    }
    expect(kept.map((inner) => codeOf(() => inner.alloc(1)))).toEqual(answers.map(() => 'ERR_OFFHEAP_DISPOSED'));
  });

  it('is refused with the same error where what it answers is hostile', () => {
    using scoped = new ScopedAllocator(heap, 100);
    let reads = 0;
    const answers: (() => unknown)[] = [
      () => ({
        get then() {
          reads++;
          if (reads > 1) {
            throw new Error('the second time');
          }
          return () => {};
        },
      }),
      () =>
        Object.defineProperty(Promise.resolve(), 'constructor', {
          get: () => {
            throw new Error('no constructor');
          },
        }),
      () =>
        Object.defineProperty(Promise.resolve(), 'then', {
          value: () => {
            throw new Error('no then');
          },
        }),
    ];
    for (const answer of answers) {
      expect(codeOf(() => scoped.scope(answer))).toBe(ASYNC);
      expect([scoped.isScoped, scoped.used]).toEqual([false, 0]);
    }
  });

  it('may answer everything else', () => {
    using scoped = new ScopedAllocator(heap, 100);
    const values = [undefined, null, 0, 'text', {}, [], { then: 5 }, () => {}, Symbol('s'), 5n];
    expect(values.map((value) => scoped.scope(() => value))).toEqual(values);
    const odd = {
      get then() {
        throw new Error('no promise has this');
      },
    };
    expect(scoped.scope(() => odd)).toBe(odd);
  });

  it('may be a generator function, which gets an allocator that has ended', () => {
    using scoped = new ScopedAllocator(heap, 100);
    const blocks = scoped.scope(function* (inner) {
      yield inner.alloc(1);
    });
    expect(codeOf(() => blocks.next())).toBe('ERR_OFFHEAP_DISPOSED');
  });

  it('may throw anything, which comes out as it is', () => {
    using scoped = new ScopedAllocator(heap, 100);
    for (const thrown of [undefined, null, 5, Promise.resolve(), new Error('e')]) {
      let caught: unknown = 'nothing';
      try {
        scoped.scope(() => {
          throw thrown as Error;
        });
      } catch (error) {
        caught = error;
      }
      expect([caught === thrown, scoped.isScoped]).toEqual([true, false]);
    }
  });
});
