/**
 * Google's error answers, exactly as its services write them. Stores throw these; one handler per
 * route group turns them into bodies.
 */
import type { FastifyReply } from 'fastify';

/** Optional parts of a Google error. */
export interface GoogleErrorOptions {
  domain?: string;
  locationType?: string;
  location?: string;
}

/** A refusal that Google would send. */
export class GoogleError extends Error {
  readonly status: number;
  readonly reason: string;
  readonly options: GoogleErrorOptions;

  constructor(status: number, reason: string, message: string, options: GoogleErrorOptions = {}) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.options = options;
  }
}

/** The canonical status words that Gmail adds to its errors. */
const gmailStatus: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ALREADY_EXISTS',
  412: 'FAILED_PRECONDITION',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
};

/** The JSON body of a Google error; `gmail` adds the status word. */
export function googleErrorBody(error: GoogleError, gmail: boolean): object {
  const { domain = 'global', ...where } = error.options;
  return {
    error: {
      errors: [{ domain, reason: error.reason, message: error.message, ...where }],
      code: error.status,
      message: error.message,
      ...(gmail ? { status: gmailStatus[error.status] ?? 'UNKNOWN' } : {}),
    },
  };
}

/** Answers with a Google error; anything unexpected becomes a 500 `backendError`. */
export function sendGoogleError(reply: FastifyReply, cause: unknown, gmail: boolean): FastifyReply {
  const error = cause instanceof GoogleError ? cause : unexpected(cause);
  return reply.code(error.status).send(googleErrorBody(error, gmail));
}

function unexpected(cause: unknown): GoogleError {
  const status = statusOf(cause);
  if (status === 413) return new GoogleError(413, 'uploadTooLarge', 'Request is too large.');
  if (status >= 400 && status < 500) return new GoogleError(400, 'parseError', 'Parse Error');
  // The cause is a defect of the sandbox: say it where the developer looks.
  process.stderr.write(`sandbox: ${cause instanceof Error ? cause.stack : String(cause)}\n`);
  return new GoogleError(500, 'backendError', 'Backend Error');
}

function statusOf(cause: unknown): number {
  const known = typeof cause === 'object' && cause !== null && 'statusCode' in cause;
  return known && typeof cause.statusCode === 'number' ? cause.statusCode : 500;
}

/** 401: the access token is missing, unknown or expired. */
export function invalidCredentials(): GoogleError {
  const where = { locationType: 'header', location: 'Authorization' };
  return new GoogleError(401, 'authError', 'Invalid Credentials', where);
}

/** 404 of Calendar. */
export function notFound(): GoogleError {
  return new GoogleError(404, 'notFound', 'Not Found');
}

/** 400 for a value the service does not take. */
export function invalid(message: string, parameter?: string): GoogleError {
  const where = parameter ? { locationType: 'parameter', location: parameter } : {};
  return new GoogleError(400, 'invalid', message, where);
}

/** 400 for a value that must be there. */
export function required(message: string, parameter?: string): GoogleError {
  const where = parameter ? { locationType: 'parameter', location: parameter } : {};
  return new GoogleError(400, 'required', message, where);
}
