/**
 * Request bodies: keeps the bytes as they came (the oracle shows them) beside the parsed value.
 * Every content type is taken, because the vendors' clients send several.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';

const rawBodies = new WeakMap<FastifyRequest, Buffer>();

/** The body as it came over the wire; empty when there was none. */
export function rawBody(request: FastifyRequest): Buffer {
  return rawBodies.get(request) ?? Buffer.alloc(0);
}

/** The parsed body when it is a JSON object or a form, else an empty object. */
export function bodyObject(request: FastifyRequest): Record<string, unknown> {
  const { body } = request;
  if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) return {};
  return body as Record<string, unknown>;
}

/** A text field of the body; undefined when absent or no text. */
export function bodyField(request: FastifyRequest, name: string): string | undefined {
  const value = bodyObject(request)[name];
  return typeof value === 'string' ? value : undefined;
}

/** Registers the parsers for JSON, forms and anything else. */
export function registerBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parse = (type: string | RegExp, read: (bytes: Buffer) => unknown): void => {
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (request, bytes, done) => {
      const buffer = Buffer.from(bytes);
      rawBodies.set(request, buffer);
      try {
        done(null, read(buffer));
      } catch {
        done(Object.assign(new Error('Body is not valid JSON'), { statusCode: 400 }));
      }
    });
  };
  parse(/^application\/(?:[a-z.+-]+\+)?json/, (bytes) =>
    bytes.length === 0 ? undefined : JSON.parse(bytes.toString('utf8')),
  );
  parse('application/x-www-form-urlencoded', (bytes) =>
    Object.fromEntries(new URLSearchParams(bytes.toString('utf8'))),
  );
  parse('*', (bytes) => bytes);
}
