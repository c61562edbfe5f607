// A path tracer that renders one picture in several ways: `npm run example:path-tracer`. It asks what scratch memory is
// good for that is given back for each pixel, and what the garbage collector does meanwhile.
//
// The parts: scene.mjs says what there is to see, tracer.mjs, surfaces.mjs and geometry.mjs follow the light, a module
// memory-….mjs says what shapes and scratch are made of, render.mjs and worker.mjs share the work among threads.
import { availableParallelism } from 'node:os';

import { progress } from '../support/progress.mjs';
import { isSame, writeImage } from './image.mjs';
import { readOptions, USAGE, VARIANTS } from './options.mjs';
import { render } from './render.mjs';
import { formatCaveat, formatTable, formatVerdict } from './summary.mjs';

let options;
try {
  options = readOptions();
} catch (error) {
  console.error(`${error.message}\n\n${USAGE}`);
  process.exit(2);
}
if (options === null) {
  console.log(USAGE);
} else {
  await run(options);
}

async function run({ size, workers, variants, out }) {
  const { width, height, samples } = size;
  console.log(
    `${width} × ${height} pixels, ${samples} paths each, ${workers} workers. ` +
      `Node.js ${process.version}, ${availableParallelism()} CPUs`,
  );
  const results = [];
  for (const variant of variants) {
    const title = VARIANTS[variant];
    progress.step(title);
    const onProgress = (done) => progress.rewrite(`${title}: ${Math.floor(done * 100)} %`);
    results.push(await render(variant, size, workers, onProgress));
  }
  progress.clear();

  console.log(`\n${formatTable(results)}\n`);
  const [own, ...others] = results;
  others.forEach((other) => console.log(formatVerdict(own, other)));
  const caveat = formatCaveat(results);
  if (caveat !== null) {
    console.log(caveat);
  }
  const different = others.filter(({ image }) => !isSame(own.image, image));
  if (different.length > 0) {
    throw new Error(`Not the same picture as ${own.variant}: ${different.map(({ variant }) => variant)}`);
  }
  if (others.length > 0) {
    console.log('The pictures are equal, bit for bit.');
  }
  await writeImage(out, own.image, size);
  console.log(`Picture: ${out}`);
}
