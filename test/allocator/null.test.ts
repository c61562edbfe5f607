import { FallbackAllocator, heap, NullAllocator } from '../../lib';
import { codeOf, errorOf } from './support';

describe('NullAllocator', () => {
  const none = new NullAllocator();

  it('is full, whatever the size', () => {
    expect([0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER].map((size) => none.alloc(size))).toEqual([null, null, null, null]);
    expect(none.alloc(1, 4096)).toBeNull();
  });

  it('owns nothing, and refuses every block', () => {
    for (const block of [
      Buffer.alloc(8),
      Buffer.alloc(0),
      heap.alloc(8)!,
      new Uint8Array(3),
      new DataView(new ArrayBuffer(1)),
    ]) {
      expect(none.owns(block)).toBe(false);
      expect(codeOf(() => none.free(block))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
      expect(codeOf(() => none.realloc(block))).toBe('ERR_OFFHEAP_FOREIGN_BLOCK');
    }
    expect((errorOf(() => none.free(Buffer.alloc(3))) as Error).message).toMatch(/NullAllocator.*Received 3 bytes/);
  });

  it('refuses wrong arguments even so', () => {
    for (const wrong of ['8', null, 8n, {}, undefined] as never[]) {
      expect(codeOf(() => none.alloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => none.free(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => none.realloc(wrong))).toBe('ERR_INVALID_ARG_TYPE');
      expect(codeOf(() => none.owns(wrong))).toBe('ERR_INVALID_ARG_TYPE');
    }
    expect([-1, 1.5, NaN, Infinity].map((size) => codeOf(() => none.alloc(size)))).toEqual(
      Array(4).fill('ERR_OUT_OF_RANGE'),
    );
    expect([0, 3, 2 ** 31].map((align) => codeOf(() => none.alloc(1, align)))).toEqual(
      Array(3).fill('ERR_OUT_OF_RANGE'),
    );
    expect(codeOf(() => none.alloc(1, null as never))).toBe('ERR_INVALID_ARG_TYPE');
  });

  it('ends a chain, and changes nothing there', () => {
    for (const chain of [new FallbackAllocator(none, heap), new FallbackAllocator(heap, none)]) {
      const block = chain.alloc(10)!.fill(1);
      expect(chain.owns(block)).toBe(true);
      const longer = chain.realloc(block, 100)!;
      expect([longer.length, longer[9]]).toEqual([100, 1]);
      expect(chain.realloc(longer, Number.MAX_SAFE_INTEGER)).toBeNull();
      chain.free(longer);
      expect(
        codeOf(() => {
          chain.free(longer);
        }),
      ).toMatch(/ERR_OFFHEAP_(DOUBLE_FREE|FOREIGN_BLOCK)/);
    }
  });
});
