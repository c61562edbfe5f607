import { answerOf, IMPORT, program } from './support';

function tried<T>(what: string, ...flags: string[]): Promise<T> {
  return answerOf<T>([...flags, '--expose-gc', program('workers.cjs'), what]);
}

describe('offheap/global', () => {
  it.each([[IMPORT], [['-r', 'offheap/global']]])('by %j serves all threads from the same memory', async (flags) => {
    const answer = await tried('flags', ...flags);
    expect(answer).toEqual({ routed: Array(5).fill(true), zero: true, overlaps: 0, once: true });
  });

  it('gives workers what installGlobal(alloc) has in the thread that starts them, and that sees what they write', async () => {
    const answer = await tried('account');
    const routed = Array(6).fill(true);
    expect(answer).toEqual({ routed, overlaps: 0, wrong: 0, accounted: true, kept: true });
  });

  it('leaves workers alone that nobody has asked it for, and those that are started after uninstall()', async () => {
    const byFlagsOrHand = [true, true, false, true];
    const byHand = [false, false, false, true];
    const answer = await tried('switched');
    expect(answer).toEqual({ installed: byFlagsOrHand, uninstalled: byHand, main: false, again: byFlagsOrHand });
  });

  // Node.js does not look at --import there.
  it('serves workers whose program is a text, by -r', async () => {
    expect(await tried('fromText', '-r', 'offheap/global')).toBe(true);
  });

  it('goes on in workers that run when the main thread uninstalls', async () => {
    expect(await tried('runningOn', ...IMPORT)).toEqual({ before: true, after: true, zero: true, code: 0 });
  });

  it('is not harmed by workers that are terminated', async () => {
    expect(await tried('terminated', ...IMPORT)).toEqual({ ours: 1, zero: true, overlaps: 0 });
  });

  it('lets a worker start whose parent has uninstalled meanwhile, so that the memory is gone', async () => {
    expect(await tried('gone', ...IMPORT)).toEqual(Array(5).fill('started'));
  });
});
