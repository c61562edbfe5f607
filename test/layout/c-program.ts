import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HEADER = `
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <math.h>

typedef struct { double offset; uint32_t length, capacity; } text;

static void print_bytes(const void *start, size_t size) {
  for (size_t i = 0; i < size; i++) printf("%02x", ((const unsigned char *)start)[i]);
  puts("");
}
`;

/** Compiles a C program by the machine's compiler, runs it, and answers the lines that it prints. */
export function runC(declarations: string, main: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'offheap-c-'));
  try {
    const source = join(folder, 'program.c');
    const program = join(folder, 'program');
    writeFileSync(source, `${HEADER}\n${declarations}\n\nint main(void) {\n${main}\n  return 0;\n}\n`);
    compile(['-std=gnu11', '-O0', '-w', '-o', program, source]);
    const output = execFileSync(program, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    return output.trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compile(args: string[]): void {
  const compilers = [process.env['CC'], 'cc', 'gcc', 'clang'].filter((name) => name !== undefined && name !== '');
  for (const compiler of compilers) {
    try {
      execFileSync(compiler!, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ENOENT') {
        throw error;
      }
    }
  }
  throw new Error(
    `This test compares layouts with those of C and needs a C compiler. None of ${compilers.join(', ')} was found`,
  );
}
