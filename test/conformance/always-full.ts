import { type Factory, HUGE, sentences } from './support';

/** What holds for an allocator that never has room, in the place of what holds for the others. */
export function describeFull(factory: Factory): void {
  const it = sentences(factory);

  it('is always full', (allocator) => {
    for (const size of [0, 1, 8, 64, 4096, HUGE]) {
      expect(allocator.alloc(size)).toBeNull();
      expect(allocator.alloc(size, 64)).toBeNull();
    }
  });
}
