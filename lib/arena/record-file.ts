import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { endianness } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';

import { invalidType, OffheapError } from '../errors';
import { definitionOf } from '../layout/definition';
import type { StructClass } from '../layout/types';
import { whyRefused } from '../memory/limit';
import { MAX_LENGTH } from '../memory/region';
import { checkSize, MiB } from '../sizes';
import { checkOptions } from '../arguments';
import type { Records } from './records';
import { recordsOfArena, type TypedArena, type TypedArenaOptions } from './typed-arena';

/** The path of a file, or a stream, which is ended when all is written. */
export type RecordTarget = string | URL | NodeJS.WritableStream;
/** The path of a file, or a stream or other iterable of bytes. */
export type RecordSource = string | URL | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

// A file is: MAGIC, the length of the header (u32), the header (JSON), the records as they lie in memory, the length of the
// texts (u64), the texts, MAGIC again. Lengths are little-endian, records as `endianness` in the header says.
const MAGIC = Buffer.from('offheap\x01', 'latin1');
const CHUNK = 1 * MiB;
const MAX_HEADER = 16 * MiB;

interface Header {
  readonly endianness: string;
  /** The struct's definition; says what a fingerprint of it would, and what is different where one is. */
  readonly struct: string;
  /** How many records there are. */
  readonly count: number;
}

export async function saveRecords(records: Records, target: RecordTarget): Promise<void> {
  const release = records.hold();
  const contents = contentsOf(records, records.length);
  try {
    if (typeof target === 'string' || target instanceof URL) {
      await replaceFile(typeof target === 'string' ? target : fileURLToPath(target), contents);
    } else {
      checkStream(target);
      await pipeline(Readable.from(contents), target);
    }
  } finally {
    release();
  }
}

function checkStream(target: unknown): void {
  const { write, on, writable } = (target ?? {}) as { write?: unknown; on?: unknown; writable?: unknown };
  if (typeof write !== 'function' || typeof on !== 'function') {
    throw invalidType('target', 'a path or a writable stream', target);
  }
  if (writable === false) {
    // Node's own code for it; pipeline() would wait for ever.
    throw Object.assign(new Error('Cannot save to a stream that has ended'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
  }
}

/** Writes beside the file and then takes its place, so that there is always a whole one. */
async function replaceFile(path: string, contents: Iterable<Buffer>): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const mode = await stat(target).then(
    (found) => found.mode,
    () => undefined,
  );
  const unfinished = join(dirname(target), `.offheap-${randomUUID()}.unfinished`);
  try {
    const options = { flags: 'wx', flush: true, ...(mode === undefined ? {} : { mode }) };
    await pipeline(Readable.from(contents), createWriteStream(unfinished, options));
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

function* contentsOf(records: Records, count: number): Generator<Buffer> {
  const { memory, text, type } = records;
  const header: Header = { endianness: endianness(), struct: type.name, count };
  const json = Buffer.from(JSON.stringify(header));
  const headerLength = Buffer.alloc(4);
  headerLength.writeUInt32LE(json.length);
  yield Buffer.concat([MAGIC, headerLength, json]);

  const end = count * type.size;
  const links = type.leaves(0).filter((leaf) => leaf.type.hasLinks);
  const step = Math.max(1, Math.floor(CHUNK / Math.max(type.size, 1))) * type.size;
  for (let from = 0; from < end; from += step) {
    const to = Math.min(from + step, end);
    if (to > memory.bytes.length) {
      memory.recover(to);
    }
    // Copied, since who reads a stream may keep what it gets, or give it away with all memory around it.
    const chunk = Buffer.from(memory.bytes.subarray(from, to));
    for (let record = from; links.length > 0 && record < to; record += type.size) {
      for (const { type: link, offset } of links) {
        // Made while the records are being saved, to one that will not be in the file.
        if (link.isValid?.(memory, record + offset, end) === false) {
          chunk.fill(0, record - from + offset, record - from + offset + link.size);
        }
      }
    }
    yield chunk;
  }

  const used = text?.used ?? 0;
  const textLength = Buffer.alloc(8);
  textLength.writeBigUInt64LE(BigInt(used));
  yield textLength;
  for (let from = 0; from < used; from += CHUNK) {
    yield Buffer.from(text!.bytes.subarray(from, Math.min(from + CHUNK, used)));
  }
  yield Buffer.from(MAGIC); // not ours, which whoever gets it might change
}

type ArenaConstructor<T extends object, A> = new (
  Struct: StructClass<T>,
  count: number,
  options: TypedArenaOptions<T>,
) => A;

export async function loadRecords<T extends object, A extends TypedArena<T>>(
  Arena: ArenaConstructor<T, A>,
  Struct: StructClass<T>,
  source: RecordSource,
  options: TypedArenaOptions<T> & { count?: number } = {},
): Promise<A> {
  const { count = 0, ...rest } = checkOptions(options);
  checkSize('options.count', count);
  const input = new Input(chunksOf(source));
  let arena: A | undefined;
  try {
    const { name, size } = definitionOf(Struct);
    const header = await readHeader(input, name);
    if (header.count * size > MAX_LENGTH) {
      throw damaged(`it says that it has ${header.count} records, which no ArrayBuffer could hold`);
    }
    arena = new Arena(Struct, Math.max(count, header.count), rest);
    await readRecords(input, header, recordsOfArena(arena));
    return arena;
  } catch (error) {
    arena?.dispose();
    throw error;
  } finally {
    await input.close();
  }
}

function chunksOf(source: RecordSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof source === 'string' || source instanceof URL) {
    return readFile(source);
  }
  const value: unknown = source;
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value || Symbol.iterator in value)) {
    throw invalidType('source', 'a path or an iterable of bytes', value);
  }
  return source;
}

/** Opened when it is first asked for bytes, so that no stream is left where that never comes. */
async function* readFile(path: string | URL): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path, { highWaterMark: CHUNK }) as AsyncIterable<Uint8Array>;
}

async function readHeader(input: Input, struct: string): Promise<Header> {
  if (!(await input.read(MAGIC.length)).equals(MAGIC)) {
    throw damaged('it does not begin as a file of records does');
  }
  const length = (await input.read(4)).readUInt32LE();
  if (length > MAX_HEADER) {
    throw damaged('its header is too long');
  }
  const header = parse(await input.read(length));
  if (header === null) {
    throw damaged('its header is not one');
  }
  if (header.struct !== struct) {
    throw new OffheapError(
      'ERR_OFFHEAP_FORMAT',
      `The records are of another struct. Expected ${struct}. Received ${header.struct}`,
    );
  }
  if (header.endianness !== endianness()) {
    throw new OffheapError('ERR_OFFHEAP_FORMAT', 'The records were saved on a machine of the other byte order');
  }
  return header;
}

function parse(bytes: Buffer): Header | null {
  try {
    const header = JSON.parse(bytes.toString()) as Partial<Header>;
    const { struct, count } = header;
    return typeof struct === 'string' && Number.isSafeInteger(count) && count! >= 0 ? (header as Header) : null;
  } catch {
    return null;
  }
}

async function readRecords(input: Input, header: Header, records: Records): Promise<void> {
  const { memory, text, type } = records;
  const end = header.count * type.size;
  if (!records.reserve(header.count)) {
    const message = `No room for ${header.count} records of ${type.size} bytes: ${whyRefused(end)}`;
    throw new OffheapError('ERR_OFFHEAP_FULL', message);
  }
  await input.readInto(memory.bytes.subarray(0, end));
  const textLength = Number((await input.read(8)).readBigUInt64LE());
  if (textLength > 0 && text === null) {
    throw damaged('it has texts, and the struct has none');
  }
  if (textLength > MAX_LENGTH) {
    throw damaged(`it says that it has ${textLength} bytes of texts, which no ArrayBuffer could hold`);
  }
  if (text !== null) {
    await input.readInto(text.fill(textLength));
  }
  if (!(await input.read(MAGIC.length)).equals(MAGIC) || !(await input.isAtEnd())) {
    throw damaged('it does not end where it should');
  }
  const checked = type.leaves(0).filter((leaf) => leaf.type.isValid !== undefined);
  for (let record = 0; checked.length > 0 && record < end; record += type.size) {
    for (const { type: field, offset } of checked) {
      if (!field.isValid!(memory, record + offset, end)) {
        throw damaged(`record ${record / type.size} has a field of type ${field.name} that has no such value`);
      }
    }
  }
  memory.length = header.count;
}

function damaged(what: string): OffheapError {
  return new OffheapError('ERR_OFFHEAP_FORMAT', `The file cannot be loaded: ${what}`);
}

/** Chunks of whatever lengths, read by the lengths that are wanted. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  async read(length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    await this.readInto(bytes);
    return bytes;
  }

  /** @throws OffheapError `ERR_OFFHEAP_FORMAT` where the input ends before. */
  async readInto(target: Uint8Array): Promise<void> {
    for (let filled = 0; filled < target.length;) {
      if (await this.isAtEnd()) {
        throw damaged('it is cut off');
      }
      const part = this.#chunk.subarray(0, target.length - filled);
      target.set(part, filled);
      this.#chunk = this.#chunk.subarray(part.length);
      filled += part.length;
    }
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const next = await this.#chunks.next();
      if (next.done === true) {
        return true;
      }
      const value: unknown = next.value;
      if (!types.isUint8Array(value)) {
        throw invalidType('source', 'an iterable of Uint8Array', value);
      }
      this.#chunk = value;
    }
    return false;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
