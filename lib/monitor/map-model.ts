/** What a memory map shows. Sizes are bytes. */
export interface MapModel {
  readonly title: string;
  /** A sentence. */
  readonly summary: string;
  readonly levels: Levels;
  readonly table: Table | null;
}

/** Each within the one before. */
export interface Levels {
  readonly reserved: number;
  readonly committed: number;
  readonly resident: number;
  /** Asked for and not given back; null where nobody knows. */
  readonly live: number | null;
  /** What live blocks have beyond that. */
  readonly rounding: number;
  /** null where it is no part of the rest. */
  readonly highWaterMark: number | null;
}

/** A bar for each row, all on one scale, and figures beside it. */
export interface Table {
  readonly heading: string;
  /** What the figures are, the last at the right edge. */
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** Below the last row; empty for none. */
  readonly note: string;
}

export interface Row {
  readonly name: string;
  readonly parts: readonly (readonly [style: PartStyle, bytes: number])[];
  /** One for each column. */
  readonly cells: readonly string[];
}

export type PartStyle = 'live' | 'rounding' | 'cached' | 'resident' | 'committed';
