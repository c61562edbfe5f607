import { type Allocator } from '../../lib';
import { codeOf } from '../arena/support';
import { type Factory, fill, HUGE, intact, isOwner, isRefused, owns, sentences, type Traits } from './support';

const TYPE = 'ERR_INVALID_ARG_TYPE';
const RANGE = 'ERR_OUT_OF_RANGE';

const NO_NUMBERS = ['8', null, {}, [8], true] as unknown[] as number[];
const NO_SIZES = [-1, 1.5, NaN, Infinity, -Infinity, 2 ** 53];
const NO_ALIGNMENTS = [0, 3, 6, -8, 2.5, NaN, Infinity, 2 ** 31, 2 ** 53];
const NO_BLOCKS = [{}, null, undefined, 'x', 8, [], new ArrayBuffer(8)] as unknown[] as Buffer[];

/** Misuse throws, and changes nothing. */
export function describeArguments(factory: Factory, traits: Traits): void {
  const it = sentences(factory);
  const full = traits.largest === 0;

  /** The values that are not refused with an error of the right code. */
  function accepted<T>(values: readonly T[], code: string, use: (value: T) => unknown): T[] {
    return values.filter((value) => !isRefused(() => use(value), traits, code));
  }

  it('throws a TypeError or a RangeError for a wrong argument', (allocator) => {
    expect(() => allocator.alloc('8' as unknown as number)).toThrow(traits.ownErrors === true ? Error : TypeError);
    expect(() => allocator.alloc(-1)).toThrow(traits.ownErrors === true ? Error : RangeError);
  });

  it('refuses to allocate what is no size', (allocator) => {
    const alloc = (size: number): unknown => allocator.alloc(size);
    expect(accepted([...NO_NUMBERS, undefined as unknown as number], TYPE, alloc)).toEqual([]);
    expect(accepted(NO_SIZES, RANGE, alloc)).toEqual([]);
    expect(fill(allocator, [8, 64])).toHaveLength(full ? 0 : 2);
  });

  it.each([0, 1, 8, HUGE])('refuses to allocate %i bytes with what is no alignment', (size, allocator) => {
    const alloc = (align: number): unknown => allocator.alloc(size, align);
    expect(accepted(NO_NUMBERS, TYPE, alloc)).toEqual([]);
    expect(accepted(NO_ALIGNMENTS, RANGE, alloc)).toEqual([]);
    expect(fill(allocator, [8, 64])).toHaveLength(full ? 0 : 2);
  });

  it('refuses bigints and symbols, which cannot be compared with a number', (allocator) => {
    const values = [8n, Symbol('8')] as unknown[] as number[];
    expect(accepted(values, TYPE, (size) => allocator.alloc(size))).toEqual([]);
    expect(accepted(values, TYPE, (align) => allocator.alloc(8, align))).toEqual([]);
  });

  it('refuses blocks that are no views', (allocator) => {
    expect(
      accepted(NO_BLOCKS, TYPE, (block) => {
        allocator.free(block);
      }),
    ).toEqual([]);
    expect(accepted(NO_BLOCKS, TYPE, (block) => allocator.realloc(block, 8))).toEqual([]);
    if (isOwner(allocator)) {
      expect(accepted(NO_BLOCKS, TYPE, (block) => allocator.owns(block))).toEqual([]);
    }
    if (traits.lifetime === 'free' || traits.lifetime === 'memory') {
      expect(accepted(NO_BLOCKS, TYPE, (block) => allocator.lifetimeOf!(block))).toEqual([]);
    }
  });

  if (!full) {
    describeReallocArguments(factory, accepted);
  }
}

type Accepted = <T>(values: readonly T[], code: string, use: (value: T) => unknown) => T[];

function describeReallocArguments(factory: Factory, accepted: Accepted): void {
  const it = sentences(factory);

  /** Whether blocks are as they were: alive, filled, and good for another `realloc`. */
  function expectUntouched(allocator: Allocator, blocks: readonly Buffer[]): void {
    expect(intact(blocks)).toBe(true);
    expect(blocks.every((block) => owns(allocator, block))).toBe(true);
    for (const block of blocks) {
      expect(codeOf(() => allocator.realloc(block, 8))).toBeUndefined();
    }
  }

  it('refuses to reallocate to what is no size', (allocator) => {
    const blocks = fill(allocator, [16, 16]);
    for (const block of blocks) {
      const realloc = (size: number): unknown => allocator.realloc(block, size);
      expect(accepted([...NO_NUMBERS, undefined as unknown as number], TYPE, realloc)).toEqual([]);
      expect(accepted(NO_SIZES, RANGE, realloc)).toEqual([]);
    }
    expectUntouched(allocator, blocks);
  });

  it.each([0, 8, 16, 64, HUGE])('refuses to reallocate to %i bytes with what is no alignment', (size, allocator) => {
    const blocks = fill(allocator, [16, 16]);
    for (const block of blocks) {
      const realloc = (align: number): unknown => allocator.realloc(block, size, align);
      expect(accepted(NO_NUMBERS, TYPE, realloc)).toEqual([]);
      expect(accepted(NO_ALIGNMENTS, RANGE, realloc)).toEqual([]);
    }
    expectUntouched(allocator, blocks);
  });
}
