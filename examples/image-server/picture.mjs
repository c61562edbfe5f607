// Pictures as files: PAM, which is a head in letters and the pixels as they are. Image viewers open it.

/** The pixels begin where a number of 32 bits may. */
const ALIGNMENT = 4;
/** The longest head that is read. */
const HEAD = 512;
const [WIDTH, HEIGHT, DEPTH, MAXVAL] = ['WIDTH', 'HEIGHT', 'DEPTH', 'MAXVAL'].map(
  (name) => new RegExp(`\\n${name} +(\\d{1,9})\\n`),
);

/** What a file begins with that has pixels of four channels, eight bits each. */
export function makeHead(width, height) {
  const fields = `WIDTH ${width}\nHEIGHT ${height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n`;
  // A comment as long as alignment needs.
  const missing = -('P7\n#\n'.length + fields.length) & (ALIGNMENT - 1);
  return `P7\n#${'.'.repeat(missing)}\n${fields}`;
}

/**
 * Finds the pixels in a file.
 *
 * @param {Buffer} file Aligned to 4 bytes, with `SPARE` bytes of room behind it.
 * @param {number} length Of the file, in bytes.
 * @returns The size in pixels, and the pixels: where the head has an odd length, they have moved up a little.
 * @throws Error that says why it is no such picture.
 */
export function findPixels(file, length) {
  const text = file.toString('latin1', 0, Math.min(HEAD, length));
  const [head] = /^P7\n(?:[^\n]*\n)*?ENDHDR\n/.exec(text) ?? [''];
  const [width, height, depth, most] = [WIDTH, HEIGHT, DEPTH, MAXVAL].map((field) => Number(field.exec(head)?.[1]));
  if (depth !== 4 || most !== 255 || !(width > 0 && height > 0)) {
    throw new Error('Expected a PAM file with four channels of eight bits');
  }
  const count = width * height;
  if (head.length + 4 * count !== length) {
    throw new Error(`Expected ${width} × ${height} pixels. Received ${length - head.length} bytes`);
  }
  const start = head.length + (-head.length & (ALIGNMENT - 1));
  if (start > head.length) {
    file.copyWithin(start, head.length, length);
  }
  return { width, height, pixels: new Int32Array(file.buffer, file.byteOffset + start, count) };
}

/** The room that `findPixels` may need behind a file, in bytes. */
export const SPARE = ALIGNMENT - 1;

/**
 * A file of about `bytes`, with a square of something to look at: no two seeds look alike.
 *
 * @returns {Buffer}
 */
export function makePicture(bytes, seed) {
  const width = Math.floor(Math.sqrt(bytes / 4));
  const height = Math.floor(bytes / 4 / width);
  const head = makeHead(width, height);
  const file = Buffer.alloc(head.length + 4 * width * height);
  file.write(head, 'latin1');
  const pixels = new Int32Array(file.buffer, file.byteOffset + head.length, width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels[at++] = Math.imul((x ^ y) + seed, 0x9e3779b1) ^ Math.imul(x * y, 0x85ebca6b);
    }
  }
  return file;
}
