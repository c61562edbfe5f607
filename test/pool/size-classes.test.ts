import fc from 'fast-check';

import { CLASS_COUNT, classOf, MAX_BLOCK, sizeOfClass } from '../../lib/pool/size-classes';

const classes = Array.from({ length: CLASS_COUNT }, (_, index) => sizeOfClass(index));

describe('size classes', () => {
  it('are multiples of 16 up to 128, then four from one power of two to the next', () => {
    expect(classes.slice(0, 16)).toEqual([16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512]);
    expect(classes.at(-1)).toBe(MAX_BLOCK);
  });

  it('are whole pages from 16 KiB', () => {
    expect(classes.filter((size) => size >= 16_384 && size % 4096 !== 0)).toEqual([]);
  });

  it.each(classes.map((size, index) => [size, index]))(
    '%d has what ends there, and not one byte more',
    (size, index) => {
      expect(classOf(size)).toBe(index);
      expect(classOf(size - 1)).toBe(index);
      if (size < MAX_BLOCK) {
        expect(classOf(size + 1)).toBe(index + 1);
      }
    },
  );

  it('waste at most a quarter of what is asked for, from 64 bytes on', () => {
    const size = fc.oneof(fc.integer({ min: 64, max: 5000 }), fc.integer({ min: 64, max: MAX_BLOCK }));
    fc.assert(
      fc.property(size, (bytes) => {
        const block = sizeOfClass(classOf(bytes));
        return block >= bytes && block - bytes <= bytes / 4;
      }),
      { numRuns: 5000 },
    );
  });

  it('have 16 bytes for nothing', () => {
    expect(classOf(0)).toBe(0);
  });
});
