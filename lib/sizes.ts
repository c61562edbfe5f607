import { invalidType, outOfRange } from './errors';

/** 1,024 bytes. */
export const KiB = 1024;
/** 1,024 KiB: 1,048,576 bytes. */
export const MiB = 1024 * KiB;
/** 1,024 MiB: 1,073,741,824 bytes. */
export const GiB = 1024 * MiB;

/** The alignment of a block whose caller names none: enough for every scalar. */
export const DEFAULT_ALIGN = 8;

/** The largest alignment; the bitwise operators that compute with it have 32 bits. */
export const MAX_ALIGN = GiB;

/**
 * The next multiple of `align`, a power of two, at or above `offset`.
 *
 * The bitwise operator sees the low 32 bits only, which are all that an alignment needs, so this holds for offsets up to
 * 2^53 where `(offset + align - 1) & -align` fails at 2^31.
 */
export function alignUp(offset: number, align: number): number {
  return offset + ((align - offset) & (align - 1));
}

/** The next multiple of `align`, a power of two, at or below `offset`. */
export function alignDown(offset: number, align: number): number {
  return offset - (offset & (align - 1));
}

/** Throws unless `value` is a whole number of bytes (or of whatever `name` counts) from 0 to 2^53 - 1. */
export function checkSize(name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') {
    throw invalidType(name, 'of type number', value);
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw outOfRange(name, `an integer >= 0 && <= ${Number.MAX_SAFE_INTEGER}`, value);
  }
}

/** True for a power of two from 1 to {@link MAX_ALIGN}. */
export function isAlign(value: number): boolean {
  return value > 0 && value <= MAX_ALIGN && (value & (value - 1)) === 0 && Number.isInteger(value);
}

/** Throws unless `value` is a power of two from 1 to {@link MAX_ALIGN}. */
export function checkAlign(name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') {
    throw invalidType(name, 'of type number', value);
  }
  if (!isAlign(value)) {
    throw outOfRange(name, `a power of two >= 1 && <= ${MAX_ALIGN}`, value);
  }
}

/** For messages and for `util.inspect`: `1.5 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 'B';
  for (const next of units) {
    if (value < 1023.95) {
      break;
    }
    value /= 1024;
    unit = next;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${unit}`;
}

/** Several of them with their names, for `util.inspect`: `used: 1.5 MiB, capacity: 4 MiB`. */
export function formatSizes(sizes: Readonly<Record<string, number>>): string {
  return Object.entries(sizes)
    .map(([name, bytes]) => `${name}: ${formatBytes(bytes)}`)
    .join(', ');
}
