import { OffheapError, type OffheapErrorCode } from '../errors';

/** Of a body that could not be read: with what Express, Fastify and others look for in an error to answer with it. */
export class BodyError extends OffheapError {
  /** What to answer: 400, 413 or 503. */
  readonly statusCode: number;
  /** The same. */
  readonly status: number;
  /** To be sent along: the rest of the body was not read, so the connection cannot be used again. */
  readonly headers = {
    /** Has the connection closed after the answer. */
    connection: 'close',
  } as const;

  constructor(code: OffheapErrorCode, statusCode: number, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.statusCode = statusCode;
    this.status = statusCode;
  }
}
