// Renders lines of the picture until none is left. All workers write to the same image, each to lines of its own.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { Pauses } from './pauses.mjs';
import * as description from './scene.mjs';
import { Tracer } from './tracer.mjs';

const { variant, size, image, lines } = workerData;
const { makeShapes, Memory } = await import(`./memory-${variant}.mjs`);

const pauses = new Pauses();
const memory = new Memory();
const tracer = new Tracer(makeShapes(description), size);
for (let y = takeLine(); y < size.height; y = takeLine()) {
  for (let x = 0; x < size.width; x++) {
    memory.forPixel((scratch) => tracer.render(x, y, image, scratch));
  }
  await nextTurn(); // on which pauses are reported
}
const gc = await pauses.end();
parentPort.postMessage({ rays: tracer.rays, ...memory.counts, gc });

/** The next line that nobody has taken yet. */
function takeLine() {
  return Atomics.add(lines, 0, 1);
}
