import { steal } from '../collections/support';
import { DETACHES } from './support';

/** What a BYOB reader makes of the view that it reads into. */
async function readInto(view: Uint8Array): Promise<Uint8Array> {
  const stream = new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const request = controller.byobRequest!;
      (request.view as Uint8Array).set([1, 2, 3]);
      request.respond(3);
    },
  });
  const { value } = await stream.getReader({ mode: 'byob' }).read(view);
  return value!;
}

/** The ways to take an ArrayBuffer away, and what is had of a view on it then. */
export const THIEVES: [string, (block: Uint8Array) => Promise<Uint8Array>][] = [
  ['a byte stream', steal],
  ['a BYOB reader', readInto],
];
if (DETACHES) {
  THIEVES.push([
    'transfer()',
    (block) => {
      const { byteOffset, byteLength } = block;
      return Promise.resolve(new Uint8Array((block.buffer as ArrayBuffer).transfer(), byteOffset, byteLength));
    },
  ]);
}
