import { BumpAlloc, BumpArena, BumpArenaLazy, KiB, MemoryArena, type TypedArrayConstructor } from '../../lib';
import { codeOf, isZero } from './support';

type Allocates = Pick<BumpAlloc, 'alloc' | 'allocArray'>;

const KINDS: [string, () => Allocates][] = [
  ['BumpArena', () => new BumpArena(64 * KiB)],
  ['BumpArenaLazy', () => new BumpArenaLazy(64 * KiB)],
  ['MemoryArena', () => new MemoryArena(64 * KiB).allocator()],
  ['BumpAlloc', () => BumpAlloc.withSize(64 * KiB)],
];

/** A class whose arrays are of 8 bytes an element, and that says something else. */
function lying(answers: () => number): TypedArrayConstructor<Float64Array> {
  return class extends Float64Array {
    static override get BYTES_PER_ELEMENT(): 8 {
      return answers() as 8;
    }
  };
}

describe.each(KINDS)('allocArray of a %s', (_kind, make) => {
  it('takes a class that extends a typed array, and one whose views are shorter', () => {
    class Samples extends Float32Array {
      get first(): number {
        return this[0]!;
      }
    }
    class Half extends Uint8Array {
      constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
        super(buffer, byteOffset, length / 2);
      }
    }
    const allocator = make();
    const samples = allocator.allocArray(Samples, 4)!.fill(1.5);
    expect([samples instanceof Samples, samples.first, samples.length]).toEqual([true, 1.5, 4]);
    expect(allocator.allocArray(Half, 10)).toHaveLength(5);
  });

  it('refuses a class whose arrays are longer than it says, and gives nobody a neighbour’s memory', () => {
    const allocator = make();
    let reads = 0;
    const classes = [lying(() => 1), lying(() => 4), lying(() => (reads++ === 0 ? 1 : 8))];
    for (const type of classes) {
      expect(codeOf(() => allocator.allocArray(type, 8))).toBe('ERR_INVALID_ARG_VALUE');
    }
    expect(() => allocator.allocArray(classes[0]!, 8)).toThrow(
      'The argument "type" is invalid: 8 bytes were allocated, and its array is of 64: BYTES_PER_ELEMENT is wrong',
    );
    reads = 0;
    const changing = lying(() => (reads++ === 0 ? 8 : 1));
    const array = allocator.allocArray(changing, 8)!;
    const block = allocator.alloc(8)!.fill(7);
    array.fill(1);
    expect(block.every((byte) => byte === 7)).toBe(true);
  });

  it('refuses a class whose instances are no typed arrays', () => {
    const Nothing = Object.assign(function () {}, { BYTES_PER_ELEMENT: 8 });
    expect(codeOf(() => make().allocArray(Nothing as never, 8))).toBe('ERR_INVALID_ARG_VALUE');
  });
});

describe('allocArray of a BumpAlloc, whose memory nobody gets twice,', () => {
  const LEAKING: [string, (give: (view: Uint8Array) => never) => unknown][] = [
    [
      'class that extends a typed array',
      (give) =>
        class extends Uint8Array {
          constructor(buffer: ArrayBuffer, byteOffset: number, length: number) {
            super(buffer, byteOffset, length);
            give(this);
          }
        },
    ],
    [
      'Proxy',
      (give) =>
        new Proxy(Uint8Array, { construct: (target, args) => give(Reflect.construct(target, args) as Uint8Array) }),
    ],
    [
      'class beside the typed arrays',
      (give) => {
        function Beside(buffer: ArrayBuffer, byteOffset: number, length: number): void {
          give(new Uint8Array(buffer, byteOffset, length));
        }
        Beside.BYTES_PER_ELEMENT = 1;
        return Object.setPrototypeOf(Beside, Object.getPrototypeOf(Uint8Array) as object) as unknown;
      },
    ],
  ];

  it.each(LEAKING)('gives no room back that a %s has given away before it threw', (_what, make) => {
    const alloc = BumpAlloc.withSize(64 * KiB);
    let leaked: Uint8Array | undefined;
    const type = make((view) => {
      leaked = view.fill(9);
      throw new Error('no');
    }) as typeof Uint8Array;
    expect(() => alloc.allocArray(type, 100)).toThrow('no');
    const block = alloc.alloc(100)!;
    expect([leaked!.length, isZero(block), alloc.allocated >= 200]).toEqual([100, true, true]);
    leaked!.fill(8);
    expect(isZero(block)).toBe(true);
  });
});
