import { invalidValue } from './errors';
import { GiB, KiB, MiB } from './sizes';

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: KiB, m: MiB, g: GiB };

/**
 * The size in an environment variable: bytes, or with a unit, as in `4g`, `512 MB` or `1.5GiB`. Units are powers of 1,024.
 *
 * @returns undefined where the variable is not set, or empty; 0 says that there is to be nothing.
 * @throws TypeError `ERR_INVALID_ARG_VALUE` for anything else.
 */
export function sizeFrom(variable: string): number | undefined {
  const text = process.env[variable]?.trim() ?? '';
  if (text === '') {
    return undefined;
  }
  const match = /^(\d+(?:\.\d+)?) ?(b|(?:([kmg])(?:i?b)?))?$/i.exec(text);
  const unit = UNITS[(match?.[3] ?? '').toLowerCase()]!;
  const bytes = Math.floor(Number(match?.[1]) * unit);
  if (!Number.isSafeInteger(bytes) || (bytes === 0 && text !== '0')) {
    throw invalidValue(variable, `expected a size such as 4g, 512m or 1073741824. Received '${text}'`);
  }
  return bytes;
}

/** How a size is written there: the whole MiB or GiB that hold it. */
export function sizeText(bytes: number): string {
  return bytes % GiB === 0 ? `${bytes / GiB}g` : `${Math.ceil(bytes / MiB)}m`;
}
