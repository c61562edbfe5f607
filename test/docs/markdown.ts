import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of code. */
export interface Block {
  /** `docs/concepts.md:30`, where the fence opens. */
  readonly place: string;
  readonly language: string;
  readonly code: string;
}

/**
 * One page, or the doc comments of a source. Of Markdown it knows what the pages here use: headings by `#`, fences by backticks,
 * inline links.
 */
export class Page {
  readonly blocks: readonly Block[];
  readonly links: readonly string[];
  /** What a link to a heading may name after its `#`. */
  readonly anchors: ReadonlySet<string>;
  /** The code spans of the running text. */
  readonly spans: readonly string[];

  constructor(
    root: string,
    /** From the root, with slashes. */
    readonly path: string,
  ) {
    const text = readFileSync(join(root, path), 'utf8');
    const { blocks, prose } = split(path, path.endsWith('.ts') ? docComments(text) : text);
    this.blocks = blocks;
    this.spans = [...prose.matchAll(/`([^`]+)`/g)].map(([, span]) => span!);
    this.links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    this.anchors = anchorsOf(prose);
  }
}

/** The text of a source's doc comments, each line where it was. */
function docComments(source: string): string {
  let inside = false;
  return source
    .split('\n')
    .map((line) => {
      inside ||= /^ *\/\*\*/.test(line);
      const text = inside ? line.replace(/^ *(\/\*\*|\*(?!\/)) ?/, '').replace(/ *\*\/$/, '') : '';
      inside &&= !line.endsWith('*/');
      return text;
    })
    .join('\n');
}

function split(path: string, text: string): { blocks: Block[]; prose: string } {
  const blocks: Block[] = [];
  const prose: string[] = [];
  let open: { place: string; language: string; lines: string[] } | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^ *```(.*)$/.exec(line);
    if (fence === null) {
      (open?.lines ?? prose).push(line);
    } else if (open === null) {
      open = { place: `${path}:${index + 1}`, language: fence[1]!.trim(), lines: [] };
    } else {
      blocks.push({ place: open.place, language: open.language, code: `${open.lines.join('\n')}\n` });
      open = null;
    }
  }
  if (open !== null) {
    throw new Error(`${open.place}: the fence is never closed`);
  }
  return { blocks, prose: prose.join('\n') };
}

/** As GitHub makes them: lower case, punctuation gone, hyphens for spaces, a number behind what comes again. */
function anchorsOf(prose: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of prose.matchAll(/^#+ +(.+)$/gm)) {
    const base = heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-');
    let anchor = base;
    for (let again = 1; anchors.has(anchor); again++) {
      anchor = `${base}-${again}`;
    }
    anchors.add(anchor);
  }
  return anchors;
}
