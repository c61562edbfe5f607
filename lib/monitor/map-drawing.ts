import { formatBytes } from '../sizes';
import type { Levels, MapModel, Row, Table } from './map-model';
import { DEFINITIONS, STYLE } from './map-style';
import { escapeXml } from './xml';

const WIDTH = 800;
const MARGIN = 24;
const LEFT = 128; // where bars begin
const NAMES = LEFT - 12; // where their names end
const BAR = 390; // the longest of the nested bars
const NOTES = LEFT + BAR + 16; // and what is said beside them
const TOP = 78;
const LEVEL = 28; // height of a level
const TABLE_BAR = 320;
const ROW = 20;
const COLUMN = 76;

/** Where addresses are more than so many times the rest, their bar is broken off; and where the high-water mark is, it is left out. */
const BROKEN_FROM = 1.5;
/** The part of a broken bar that is to scale. */
const TO_SCALE = 0.88;

/** The text of a picture, and where it ends. */
interface Drawn {
  readonly marks: string[];
  readonly bottom: number;
}

/** Where the title ends, which a page shows elsewhere. */
const TITLE = 36;

/**
 * @param standalone Whether it brings its own title, style and ground, or lies in a page that has them.
 */
export function drawMap(model: MapModel, standalone = true): string {
  const nested = drawLevels(model.levels);
  const table = model.table === null ? null : drawTable(model.table, nested.bottom + 30);
  const legend = drawLegend(model, (table ?? nested).bottom + 22);
  const height = legend.bottom + 16;
  const top = standalone ? 0 : TITLE;
  const ground = [
    `<style>${STYLE}</style>`,
    DEFINITIONS,
    `<rect class="paper" width="${WIDTH}" height="${height}" rx="8"/>`,
    text(MARGIN, 34, fit(model.title, 84), 'title'),
  ];
  const marks = [text(MARGIN, 54, model.summary), ...nested.marks, ...(table?.marks ?? []), ...legend.marks];
  return `<svg xmlns="http://www.w3.org/2000/svg" class="memory-map" viewBox="0 ${top} ${WIDTH} ${height - top}" width="${WIDTH}" height="${height - top}" role="img">
<title>${escapeXml(model.title)}</title>
<desc>${escapeXml(describe(model))}</desc>
${[...(standalone ? ground : []), ...marks].join('\n')}
</svg>
`;
}

/** The same in words. */
function describe({ summary, levels, table }: MapModel): string {
  const { reserved, committed, resident, live } = levels;
  const sizes = Object.entries({ reserved, committed, resident, 'in use': live });
  const nested = sizes.flatMap(([name, bytes]) => (bytes === null ? [] : [`${formatBytes(bytes)} ${name}`])).join(', ');
  const rows = table?.rows.map(({ name, cells }) => {
    const figures = cells.flatMap((cell, i) => (cell === '' ? [] : [`${table.columns[i]!} ${cell}`]));
    return `${name}: ${figures.join(', ')}.`;
  });
  return [`${nested}. ${summary}`, ...(rows ?? [])].join(' ');
}

// --- Levels ---------------------------------------------------------------------------------------------------------

/** The most that is drawn to scale besides the high-water mark. */
function heldIn({ committed, resident, live, rounding }: Levels): number {
  return Math.max(committed, resident, (live ?? 0) + rounding);
}

/** The high-water mark, or 0: far beyond what is held now, it would leave no room for that. */
function markIn(levels: Levels): number {
  const { highWaterMark } = levels;
  return highWaterMark !== null && highWaterMark <= BROKEN_FROM * heldIn(levels) ? highWaterMark : 0;
}

function drawLevels(levels: Levels): Drawn {
  const { reserved, committed, resident, live, rounding, highWaterMark } = levels;
  const most = markIn(levels);
  const largest = Math.max(heldIn(levels), most);
  const isBroken = reserved > BROKEN_FROM * largest;
  const end = isBroken ? largest : Math.max(reserved, largest);
  const room = isBroken ? TO_SCALE * BAR : BAR;
  const scale = (bytes: number): number => (end === 0 ? 0 : (room * bytes) / end);
  const bottom = TOP + (live === null ? 3 : 4) * LEVEL;
  const y = (level: number): number => TOP + level * LEVEL;

  const marks = [
    box('reserved', LEFT, TOP, isBroken ? BAR : scale(reserved), bottom - TOP),
    box('committed', LEFT, y(1), scale(committed), bottom - y(1)),
    box('resident', LEFT, y(2), scale(resident), bottom - y(2)),
    label(y(0), 'reserved', reserved, reservedNote(reserved, largest, isBroken)),
    label(y(1), 'committed', committed, 'usable'),
    label(y(2), 'resident', resident, 'physical memory'),
  ];
  if (live !== null) {
    marks.push(
      box('live', LEFT, y(3), scale(live), LEVEL),
      box('rounding', LEFT + scale(live), y(3), scale(rounding), LEVEL),
      label(y(3), 'in use', live, highWaterMark === null ? '' : `most ever ${formatBytes(highWaterMark)}`),
    );
    if (most > 0) {
      marks.push(tick('most', LEFT + scale(most), y(3) - 3, bottom + 3));
    }
  }
  if (isBroken) {
    marks.push(breakMark(LEFT + BAR - 20, TOP, bottom));
  }
  const axis = drawAxis(end, scale, bottom);
  return { marks: [...marks, ...axis], bottom: bottom + 18 };
}

function reservedNote(reserved: number, largest: number, isBroken: boolean): string {
  if (!isBroken) {
    return 'addresses';
  }
  return largest === 0 ? 'addresses alone' : `${times(reserved / largest)} more: not to scale`;
}

function times(ratio: number): string {
  return `${ratio < 10 ? ratio.toFixed(1) : Math.round(ratio).toLocaleString('en-US')} ×`;
}

function label(y: number, name: string, bytes: number, note: string): string {
  const base = y + LEVEL / 2 + 4;
  return [
    text(NAMES, base, name, 'name', 'end'),
    text(NOTES + 70, base, formatBytes(bytes), 'figure', 'end'),
    text(NOTES + 80, base, note),
  ].join('\n');
}

/** Two slanted cuts, as in a broken axis. */
function breakMark(x: number, top: number, bottom: number): string {
  const cut = `M${x} ${bottom + 4} L${x + 8} ${top - 4} L${x + 14} ${top - 4} L${x + 6} ${bottom + 4} Z`;
  const edges = `M${x} ${bottom + 4} L${x + 8} ${top - 4} M${x + 14} ${top - 4} L${x + 6} ${bottom + 4}`;
  return `<path class="cut" d="${cut}"/><path class="edge" d="${edges}"/>`;
}

/** Three to six round sizes along what is to scale. */
function drawAxis(end: number, scale: (bytes: number) => number, y: number): string[] {
  if (end === 0) {
    return [];
  }
  const step = Math.max(1, 2 ** Math.ceil(Math.log2(end / 5)));
  const marks: string[] = [];
  for (let bytes = 0; bytes <= end; bytes += step) {
    const x = LEFT + scale(bytes);
    marks.push(tick('axis', x, y, y + 4), text(x, y + 16, formatBytes(bytes), 'small', 'middle'));
  }
  return marks;
}

// --- Tables ---------------------------------------------------------------------------------------------------------

function drawTable({ heading, columns, rows, note }: Table, top: number): Drawn {
  const right = WIDTH - MARGIN;
  const column = (i: number): number => right - (columns.length - 1 - i) * COLUMN;
  const largest = Math.max(0, ...rows.map(bytesOf));
  const scale = (bytes: number): number => (largest === 0 ? 0 : (TABLE_BAR * bytes) / largest);
  const marks = [
    text(MARGIN, top, heading, 'heading'),
    ...columns.map((name, i) => text(column(i), top, name, 'small', 'end')),
  ];
  let y = top + 10;
  for (const row of rows) {
    const base = y + 14;
    marks.push(text(NAMES, base, row.name, 'name', 'end'), tick('axis', LEFT, y, y + ROW));
    let x = LEFT;
    for (const [style, bytes] of row.parts) {
      marks.push(box(style, x, y + 3, scale(bytes), ROW - 6));
      x += scale(bytes);
    }
    marks.push(...row.cells.map((cell, i) => text(column(i), base, cell, 'figure', 'end')));
    y += ROW;
  }
  if (rows.length === 0) {
    y += ROW;
    marks.push(text(LEFT, y - 6, 'nothing yet'));
  }
  if (note !== '') {
    y += ROW;
    marks.push(text(LEFT, y - 6, note));
  }
  return { marks, bottom: y };
}

function bytesOf({ parts }: Row): number {
  return parts.reduce((sum, [, bytes]) => sum + bytes, 0);
}

// --- Legend ---------------------------------------------------------------------------------------------------------

function drawLegend({ levels }: MapModel, y: number): Drawn {
  const entries: [style: string, meaning: string][] = [
    ...(levels.live === null ? [] : [['live', 'in use'] as [string, string]]),
    ...(levels.rounding > 0 ? [['rounding', 'rounded up, and not asked for'] as [string, string]] : []),
    ['resident', levels.live === null ? 'resident' : 'resident, not in use'],
    ['committed', 'committed, not resident'],
  ];
  let x = MARGIN;
  const marks = entries.map(([style, meaning]) => {
    const entry = `${box(style, x, y - 10, 14, 12)}\n${text(x + 20, y, meaning)}`;
    x += 20 + meaning.length * 6.2 + 20;
    return entry;
  });
  if (markIn(levels) > 0) {
    marks.push(tick('most', x + 2, y - 12, y + 4), text(x + 10, y, 'most ever'));
  }
  return { marks, bottom: y };
}

// --- Marks ----------------------------------------------------------------------------------------------------------

function box(style: string, x: number, y: number, width: number, height: number): string {
  return `<rect class="${style}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`;
}

function tick(style: string, x: number, from: number, to: number): string {
  return `<path class="${style}" d="M${round(x)} ${round(from)} V${round(to)}"/>`;
}

function text(x: number, y: number, content: string, style = 'note', anchor = 'start'): string {
  return `<text class="${style}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escapeXml(content)}</text>`;
}

function fit(content: string, most: number): string {
  const characters = Array.from(content);
  return characters.length <= most ? content : `${characters.slice(0, most - 1).join('')}…`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
