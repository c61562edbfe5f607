import { answerOf, program } from './support';

function seen(what: string): Promise<unknown> {
  return answerOf([program('apart.cjs'), what]);
}

describe('The ArrayBuffer of a Buffer from offheap/global', () => {
  it('shows a slab of 1 MiB at most, or a large Buffer, and nothing that another one shows', async () => {
    expect(await seen('exposures')).toEqual({ overlaps: 0, longest: 2 ** 20, alone: true, shared: true });
  });

  it('shows nothing of what is made after it was taken away', async () => {
    expect(await seen('stolen')).toEqual({ zero: true, untouched: true });
  });
});

it('A thread that makes hardly any Buffers takes hardly any memory', async () => {
  expect(await seen('workers')).toBe(true);
});
