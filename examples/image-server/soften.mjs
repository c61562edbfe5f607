// The work: softens a picture. Each pixel becomes a mean in which its neighbours weigh 1 : 2 : 1, first along rows, then
// along columns.

const ALL_BUT_HIGHEST = 0x7f7f7f7f; // bits of four channels

/**
 * @param {Int32Array} from Pixels, row by row, of four channels with eight bits each.
 * @param {Int32Array} to Where the softened ones go.
 * @param {Int32Array} plane Room for as many, for what is in between.
 * @param {number} width In pixels.
 */
export function soften(from, to, plane, width) {
  for (let row = 0; row < from.length; row += width) {
    softenRow(from, plane, row, row + width);
  }
  const last = from.length - width;
  for (let row = 0; row < from.length; row += width) {
    softenColumns(plane, to, row, Math.max(0, row - width), Math.min(last, row + width), width);
  }
}

/** What lies at an end is its own neighbour. */
function softenRow(from, to, start, end) {
  let here = from[start];
  let before = here;
  for (let at = start; at < end; at++) {
    const next = at + 1 < end ? from[at + 1] : here;
    to[at] = mean(mean(before, next), here);
    before = here;
    here = next;
  }
}

function softenColumns(from, to, row, above, below, width) {
  for (let x = 0; x < width; x++) {
    to[row + x] = mean(mean(from[above + x], from[below + x]), from[row + x]);
  }
}

/**
 * The means of four channels at once, rounded down: what two numbers have in common, and half of that in which they
 * differ. A bit that comes down from one channel into the next is left out.
 */
function mean(a, b) {
  return ((a & b) + (((a ^ b) >>> 1) & ALL_BUT_HIGHEST)) | 0;
}
