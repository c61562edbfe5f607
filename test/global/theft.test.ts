import { answerOf, program } from './support';

function tried(...args: string[]): Promise<unknown> {
  return answerOf(['--expose-gc', program('theft.cjs'), ...args]);
}

/** Whether ArrayBuffers can be transferred by a method, and marked as not to be: Node 22 and later. */
const CAN_TRANSFER = 'transfer' in ArrayBuffer.prototype;
const withTransfer = CAN_TRANSFER ? it : it.skip;

describe('The ArrayBuffer of Buffers from offheap/global', () => {
  it.each(['stream', 'clone', 'post'])('may be given away by %s, and new Buffers are as good as ever', async (name) => {
    expect(await tried('stolen', name)).toEqual({ good: 10, allocatedAtLeast: true });
  });

  withTransfer.each(['transfer', 'fixed'])('may be taken by %s, and new Buffers are as good as ever', async (name) => {
    expect(await tried('stolen', name)).toEqual({ good: 10, allocatedAtLeast: true });
  });

  it('goes to a byte stream, and then others are empty; whoever wants to transfer it is refused, or gets a copy', async () => {
    const refusedOrCopied = CAN_TRANSFER ? ['DataCloneError', 50] : ['done', 50];
    expect(await tried('outcomes')).toEqual({ stream: ['done', 0], clone: refusedOrCopied, post: refusedOrCopied });
  });

  it('is copied whole when a Buffer is posted, and the right bytes arrive', async () => {
    expect(await tried('posted')).toEqual({ answer: [5000, true], clone: true, copied: true, left: 5000 });
  });
});
