/**
 * The shape of the addon. Its functions answer with error numbers and do not throw; whoever calls them throws.
 * Errors are errno numbers, the same on every system; 0 is success.
 */
export interface Addon {
  readonly system: System;
  /** Reserves `capacity` bytes, or answers with an errno number. */
  reserve(capacity: number, kind: Kind): NativeReservation | number;
  /** Enters memory for all threads, of which nothing is reserved yet, into the registry; or answers with an errno number. */
  share(key: string, capacity: number): NativeShared | number;
  /** The memory that was entered with this key, or an errno number where there is none any more. */
  attach(key: string): NativeShared | number;
  /** What the process holds of one kind: `[reserved, committed, resident, retired]`, in bytes. */
  usage(kind: Kind): [number, number, number, number];
  /** What the process holds that counts against the limit, and the limit, in bytes; Infinity for none. */
  charged(): [charged: number, limit: number];
  /** Sets the limit, or only the default: then nothing happens where one was set before. */
  setLimit(bytes: number, isDefault: boolean): number;
  /** How many mappings the process holds through the addon. */
  mappings(): number;
  /** Says that this environment ends only with the process, which spares it some of the care that a worker needs. */
  setMainThread(): void;
}

/** What differs between operating systems. */
export interface System {
  /** Bytes. */
  readonly pageSize: number;
  /** Bytes; 0 where there are no huge pages to ask for. */
  readonly hugePageSize: number;
  /** How many mappings the addon may come to hold in this process. */
  readonly maxMappings: number;
  /** Whether discarded memory reads as zero. */
  readonly discardZeroes: boolean;
  /** Whether pages can be moved to another address, so that renewing keeps them warm. */
  readonly canMove: boolean;
}

/** What a reservation serves, for the accounts. native/span.h has the same numbers. */
export const Kind = { arena: 0, typedArena: 1, bumpAlloc: 2, pool: 3 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** One range of reserved addresses with a committed prefix. */
export interface NativeMemory {
  commit(size: number): number;
  /** An ArrayBuffer over the first `size` bytes, an errno number, or minus a napi_status. */
  expose(size: number): ArrayBuffer | number;
  /** The same of only what lies between two offsets. */
  exposePart(from: number, to: number): ArrayBuffer | number;
  /** Bytes, or minus an errno number. */
  resident(): number;
}

/** The memory of one arena; native/reservation.h says what each method does. */
export interface NativeReservation extends NativeMemory {
  /** May commit less than before: see `committed`. */
  renew(): number;
  /** Bytes, or minus an errno number. */
  committed(): number;
  discard(from: number, to: number): number;
  /** Every method answers EINVAL afterwards. */
  dispose(): number;
}

/** What one thread holds of memory that is shared by all; native/shared_reservation.h says what each method does. */
export interface NativeShared extends NativeMemory {
  /** Bytes. */
  capacity(): number;
  /** Claims the addresses, if no thread has done it yet. */
  reserve(): number;
  /** How many bytes have been taken. */
  taken(): number;
  /** Takes what lies between two offsets: 0, or an errno number when `from` is not what `taken` answers any more. */
  take(from: number, to: number): number;
}

/** How long the key of shared memory is, in characters. */
export const KEY_LENGTH = 32;

/** Minus the napi_status of a runtime that refuses external ArrayBuffers. */
export const NO_EXTERNAL_BUFFERS = -22;
