import { getSystemErrorName } from 'node:util';

/**
 * The stable codes of {@link OffheapError}.
 *
 * Wrong arguments carry Node's own codes instead: `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE`,
 * `ERR_INVALID_RETURN_VALUE` and `ERR_ILLEGAL_CONSTRUCTOR` on a TypeError, `ERR_OUT_OF_RANGE` on a RangeError.
 */
export type OffheapErrorCode =
  | 'ERR_OFFHEAP_STALE'
  | 'ERR_OFFHEAP_DISPOSED'
  | 'ERR_OFFHEAP_PINNED'
  | 'ERR_OFFHEAP_SCOPED'
  | 'ERR_OFFHEAP_ASYNC_SCOPE'
  | 'ERR_OFFHEAP_EXCLUSIVE'
  | 'ERR_OFFHEAP_FULL'
  | 'ERR_OFFHEAP_FOREIGN_BLOCK'
  | 'ERR_OFFHEAP_DOUBLE_FREE'
  | 'ERR_OFFHEAP_TOO_LARGE'
  | 'ERR_OFFHEAP_BODY'
  | 'ERR_OFFHEAP_HANDLE'
  | 'ERR_OFFHEAP_FORMAT'
  | 'ERR_OFFHEAP_OS'
  | 'ERR_OFFHEAP_ADDON'
  | 'ERR_OFFHEAP_EXTERNAL_BUFFERS';

/** Misuse, or a refusal by the system. Running out of room is no error: it is answered with `null` or `-1`. */
export class OffheapError extends Error {
  /** The same for every error of this class. */
  override readonly name = 'OffheapError';

  /** Stable across releases, unlike the message. */
  readonly code: OffheapErrorCode;

  constructor(code: OffheapErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A refusal by the operating system: `ERR_OFFHEAP_OS`, with the fields that Node's own system errors have. */
export class OffheapSystemError extends OffheapError {
  /** The system's error number, negative as in Node's own errors. */
  readonly errno: number;
  /** What was asked of the system: `'reserve'`, `'commit'`, `'renew'`, … */
  readonly syscall: string;

  constructor(errno: number, syscall: string, message: string, options?: ErrorOptions) {
    super('ERR_OFFHEAP_OS', `${nameOf(errno)}: ${message}, ${syscall}`, options);
    this.errno = -errno;
    this.syscall = syscall;
  }
}

function nameOf(errno: number): string {
  // The addon answers with errno numbers on every system; libuv knows the names of its own, which on Windows differ.
  return process.platform === 'win32' ? `errno ${errno}` : getSystemErrorName(-errno);
}

/** Node's own TypeError for an argument of the wrong type. */
export function invalidType(name: string, expected: string, received: unknown): TypeError {
  return withCode(
    new TypeError(`The "${name}" argument must be ${expected}. Received ${describe(received)}`),
    'ERR_INVALID_ARG_TYPE',
  );
}

/** Node's own TypeError for an argument of the right type that cannot be used. `reason` ends the message. */
export function invalidValue(name: string, reason: string): TypeError {
  return withCode(new TypeError(`The argument "${name}" is invalid: ${reason}`), 'ERR_INVALID_ARG_VALUE');
}

/** Node's own TypeError for what a function or a method of the caller's has answered. */
export function invalidReturn(name: string, expected: string, received: unknown): TypeError {
  return withCode(
    new TypeError(`Expected ${name} to answer ${expected}. Received ${describe(received)}`),
    'ERR_INVALID_RETURN_VALUE',
  );
}

/** Node's own RangeError for a number outside of its range. */
export function outOfRange(name: string, expected: string, received: unknown): RangeError {
  return withCode(
    new RangeError(`The value of "${name}" is out of range. It must be ${expected}. Received ${describe(received)}`),
    'ERR_OUT_OF_RANGE',
  );
}

/** Node's own TypeError for a class whose instances come from somewhere else. */
export function illegalConstructor(message: string): TypeError {
  return withCode(new TypeError(message), 'ERR_ILLEGAL_CONSTRUCTOR');
}

function withCode<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code });
}

function describe(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return String(value);
    case 'bigint':
      return `type bigint (${value}n)`;
    case 'string':
      return `type string (${JSON.stringify(value.length > 32 ? `${value.slice(0, 32)}…` : value)})`;
    case 'function':
      return `function ${value.name}`;
    case 'object':
      return value === null ? 'null' : `an instance of ${classNameOf(value)}`;
    case 'undefined':
      return 'undefined';
    default:
      return `type ${typeof value} (${String(value)})`;
  }
}

function classNameOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' ? constructor.name : 'Object';
}
