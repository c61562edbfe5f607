import { answerOf, program } from './support';

/** Whether Buffers are routed before and after it, and what was different. Without warnings, since some lengths have no room. */
async function check(what: string): Promise<void> {
  expect(await answerOf(['--no-warnings', program('arguments.cjs'), what])).toEqual([true, true, null]);
}

describe('Buffer.concat answers, or throws, what it does in plain Node.js, for', () => {
  it.each([
    ['lists of Buffers, Uint8Arrays and parts of such', 'lists'],
    ['lengths that are shorter, exact, or longer', 'lengths'],
    ['lengths that are none', 'wrongLengths'],
    ['lists with other things in them', 'wrongElements'],
    ['lists with holes', 'holes'],
    ['what is no list', 'noLists'],
    ['subclasses of Array, proxies, and lists that are frozen', 'listsOfOtherKinds'],
    ['lists with an iterator of their own', 'ownIterators'],
    ['parts with a length of their own', 'ownLengths'],
    ['parts that have been transferred', 'detached'],
    ['parts that a resizable ArrayBuffer has no room for any more', 'outOfBounds'],
  ])('%s', async (_title, what) => {
    await check(what);
  });
});

describe('Buffer.allocUnsafe answers, or throws, what it does in plain Node.js, for', () => {
  it.each([
    ['sizes', 'sizes'],
    ['sizes that are none', 'wrongSizes'],
    ['alignments, which Node 26 knows', 'alignments'],
  ])('%s', async (_title, what) => {
    await check(what);
  });
});
