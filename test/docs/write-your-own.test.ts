import { resolve } from 'node:path';

import ts from 'typescript';

import * as offheap from '../../lib';
import { type BlockOwner, BumpArena, FreeList, heap } from '../../lib';
import { describeAllocator, type Traits } from '../conformance/suite';
import { plainOwner } from '../conformance/user-written';
import { Page } from './markdown';

type Limited = new (inner: BlockOwner, limit: number) => BlockOwner & { readonly live: number };

/** The class that the page shows, over this project's own sources. */
function limitedAllocator(): Limited {
  const { blocks } = new Page(resolve(__dirname, '../..'), 'docs/allocators/write-your-own.md');
  const { code } = blocks.find((block) => block.code.includes('class LimitedAllocator'))!;
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  });
  const exported: { LimitedAllocator?: Limited } = {};
  const silent = { log: () => {} };
  const run = new Function('exports', 'require', 'console', outputText) as (...args: unknown[]) => void;
  run(exported, () => offheap, silent);
  return exported.LimitedAllocator!;
}

const LimitedAllocator = limitedAllocator();

const LIMIT = 4099;
const HEAP: Traits = { largest: LIMIT, exact: true, takesBack: 'every', lifetime: 'free', givesUp: false };

describeAllocator(
  'LimitedAllocator over the heap',
  (use) => {
    use(new LimitedAllocator(heap, LIMIT));
  },
  HEAP,
);

describeAllocator(
  'LimitedAllocator over a FreeList',
  (use) => {
    using list = new FreeList(heap, { blockSize: 64, count: 100 });
    use(new LimitedAllocator(list, 64 * 16));
  },
  { largest: 64, count: 16, maxAlign: 64, takesBack: 'every', lifetime: 'free' },
);

describeAllocator(
  'LimitedAllocator over a BumpArena',
  (use) => {
    using arena = new BumpArena(4 * LIMIT);
    use(new LimitedAllocator(arena, LIMIT));
  },
  { ...HEAP, takesBack: 'last', lifetime: 'memory', givesUp: true },
);

const { lifetime: _, ...withoutLifetime } = HEAP;
describeAllocator(
  'LimitedAllocator over an allocator without lifetimeOf',
  (use) => {
    use(new LimitedAllocator(plainOwner(1000), LIMIT));
  },
  { ...withoutLifetime, ownErrors: true },
);

it('counts what is live, and ends at the limit', () => {
  const limited = new LimitedAllocator(heap, 100);
  const block = limited.alloc(60)!;
  expect(limited.alloc(41)).toBeNull();
  expect(limited.realloc(block, 101)).toBeNull();
  expect(() => limited.realloc(Buffer.alloc(4), 1000)).toThrow();
  const longer = limited.realloc(block, 100)!;
  expect(limited.live).toBe(100);
  expect(limited.alloc(0)).toHaveLength(0);
  expect(() => {
    limited.free(block);
  }).toThrow();
  limited.free(longer);
  expect(limited.live).toBe(0);
});
