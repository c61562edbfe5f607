import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import ts from 'typescript';

import type { Block } from './markdown';

/** What running a block has come to. */
export interface Outcome {
  readonly output: string;
  /** What was said on stderr, and how the process ended if not well. Empty where all went well. */
  readonly failure: string;
}

const EXTENSIONS: Readonly<Record<string, string>> = { js: 'mjs', mjs: 'mjs', cjs: 'cjs', ts: 'mts' };

export function isExample(block: Block): boolean {
  return block.language in EXTENSIONS;
}

/** The lines that a block says it prints, by its comments that start with an arrow; null where it says nothing. */
export function promisedOutput(block: Block): string | null {
  const promises = [...block.code.matchAll(/\/\/ → (.*)$/gm)].map(([, line]) => `${line!}\n`);
  return promises.length === 0 ? null : promises.join('');
}

/** Code blocks as files below the project's root, where `offheap` is the name of the project itself. */
export class Examples {
  readonly #folder: string;
  readonly #files: ReadonlyMap<Block, string>;

  constructor(root: string, blocks: readonly Block[]) {
    this.#folder = join(root, '.cache', `docs-${process.pid}`);
    mkdirSync(this.#folder, { recursive: true });
    this.#files = new Map(
      blocks.map((block) => {
        const file = join(this.#folder, `${block.place.replace(/\W/g, '-')}.${EXTENSIONS[block.language]!}`);
        writeFileSync(file, block.code);
        return [block, file];
      }),
    );
  }

  /** Type-checks and compiles the blocks in TypeScript. Answers the complaints, by block. */
  compile(): ReadonlyMap<Block, string> {
    const sources = [...this.#files].filter(([block]) => block.language === 'ts');
    const program = ts.createProgram(
      sources.map(([, file]) => file),
      {
        strict: true,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
        module: ts.ModuleKind.Node16,
        moduleResolution: ts.ModuleResolutionKind.Node16,
        types: ['node'],
        skipLibCheck: true,
      },
    );
    program.emit();
    const complaints = new Map<Block, string>();
    for (const { file, messageText } of ts.getPreEmitDiagnostics(program)) {
      // What concerns no block concerns them all.
      for (const [block] of sources.filter(([, path]) => file === undefined || samePath(file.fileName, path))) {
        const message = ts.flattenDiagnosticMessageText(messageText, '\n');
        complaints.set(block, `${complaints.get(block) ?? ''}${message}\n`);
      }
    }
    return complaints;
  }

  /** Runs all of them, each in a process of its own, as many at once as there are processors. */
  async run(): Promise<ReadonlyMap<Block, Outcome>> {
    const outcomes = new Map<Block, Outcome>();
    const waiting = [...this.#files];
    const worker = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [block, file] = next;
        outcomes.set(block, await runFile(file.replace(/\.mts$/, '.mjs')));
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    return outcomes;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** TypeScript has slashes on every system. */
function samePath(a: string, b: string): boolean {
  return a.replaceAll('\\', '/') === b.replaceAll('\\', '/');
}

function runFile(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout: 30_000 }, (error, output, complaints) => {
      resolve({ output, failure: error === null ? complaints : `${complaints}${error.message}` });
    });
  });
}
