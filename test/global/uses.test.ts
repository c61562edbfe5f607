import { answerOf, IMPORT, program } from './support';

interface Answer {
  routed: boolean;
  results: Record<string, unknown>;
}

describe('Programs that use files, compression, cryptography, HTTP, sockets, processes and texts', () => {
  it.each([
    ['1 GiB', {}],
    ['so little that it is full on the way', { OFFHEAP_GLOBAL_SIZE: '2m', NODE_NO_WARNINGS: '1' }],
  ])('get the same results with offheap/global, of %s, as without', async (_title, env) => {
    const file = program('uses.mjs');
    const [plain, routed] = await Promise.all([answerOf<Answer>([file]), answerOf<Answer>([...IMPORT, file], env)]);
    expect(routed.results).toEqual(plain.results);
    expect([plain.routed, routed.routed]).toEqual([false, !('OFFHEAP_GLOBAL_SIZE' in env)]);
    expect(Object.keys(plain.results)).toHaveLength(8);
  });
});
