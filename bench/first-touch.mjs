// What does memory cost that nobody has used before?
import { gc } from './support/prepare.mjs';

import { BumpArenaLazy, KiB, MiB } from '../dist/index.mjs';
import { repeat } from './support/measure.mjs';
import { besideCpp } from './support/reference.mjs';
import { atMost, report, row } from './support/report.mjs';

const PAGE = 4 * KiB;
const BEGIN = 2 * MiB; // where an arena begins to ask for huge pages
const END = 256 * MiB;
const BLOCK = 64 * KiB;

function touch(block) {
  for (let offset = 0; offset < block.length; offset += PAGE) {
    block[offset] = 1;
  }
}

/** Allocates blocks up to `end` and touches every page, with commits and exposures along the way. */
function fill(arena, end) {
  while (arena.used < end) {
    touch(arena.alloc(BLOCK));
  }
}

const [figures, cpp] = await besideCpp(['touch-by-page', 'touch-small-pages', 'touch-huge-pages'], async () => ({
  arena: repeat(() => {
    const arena = new BumpArenaLazy(1024 * MiB);
    fill(arena, BEGIN);
    const start = performance.now();
    fill(arena, END);
    const ns = (performance.now() - start) * 1e6;
    arena.dispose();
    gc();
    return ns / ((END - BEGIN) / PAGE);
  }, 9),
}));

report({
  question: 'First touch of fresh memory, per 4 KiB',
  rows: [
    row(
      'BumpArenaLazy, from 2 MiB to 256 MiB',
      figures.arena,
      {
        'C++ commit page by page': cpp['touch-by-page'],
        'C++ small pages': cpp['touch-small-pages'],
        'C++ huge pages': cpp['touch-huge-pages'],
      },
      { budgets: [atMost(700)] },
    ),
  ],
});
