import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// Hostile use must not end the process. Every case is a program of its own, which fails by any other exit code than 0,
// by a signal, or by not reaching its end; what it is about is said in its first line.

const FOLDER = join(__dirname, 'cases');
/** What support.cjs says at a case's end, so that an early exit is not taken for success. */
const MARKER = 'survived';
const MAX_MS = 50_000;

function run(file: string): Promise<{ code: unknown; signal: unknown; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const options = { timeout: MAX_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
    execFile(process.execPath, ['--expose-gc', join(FOLDER, file)], options, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, signal: error?.signal ?? null, stdout, stderr });
    });
  });
}

function titleOf(file: string): string {
  const [line] = readFileSync(join(FOLDER, file), 'utf8').split('\n', 1);
  return line!.replace(/^\/\/ /, '');
}

/** @param isOne Which of the cases, by their files' names. */
export function describeCases(isOne: (file: string) => boolean): void {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.cjs') && isOne(file));

  it.each(files.map((file) => [titleOf(file), file]))(
    '%s (%s)',
    async (_title, file) => {
      const { code, signal, stdout, stderr } = await run(file);
      if (code !== 0 || signal !== null || !stdout.includes(MARKER)) {
        throw new Error(`${file} ended with code ${String(code)}, signal ${String(signal)}\n${stdout}${stderr}`);
      }
    },
    MAX_MS + 5000,
  );
}

/** The cases are in two suites, which run side by side. */
export function isFirstHalf(file: string): boolean {
  return file < 'n';
}
