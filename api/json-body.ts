/**
 * Reads JSON bodies from their raw bytes. Refuses what later parts could not keep or compare:
 * bytes that are not UTF-8, NUL, lone surrogates, prototype keys, and nesting past the limit.
 */
import type { FastifyInstance } from 'fastify';
import { limits } from '#contracts/limits.ts';
import { Problem } from './errors.ts';

const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** Registers the JSON parser and removes every other. */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBytes(body as Buffer));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
}

/**
 * Parses the bytes of a JSON body.
 * @throws Problem invalid-encoding, invalid-json or invalid-input
 */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem('invalid-encoding', 'Send the body as UTF-8.');
  }
  if (text.trim() === '') throw new Problem('invalid-json', 'Send a JSON object as the body.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    const where = position === undefined ? '' : ` It goes wrong at character ${position}.`;
    throw new Problem('invalid-json', `Send a JSON object as the body.${where}`);
  }
  checkValue(value);
  return value;
}

/** Walks the value without recursion, so that deep nesting cannot exhaust the stack. */
function checkValue(root: unknown): void {
  const open: { value: unknown; path: string; depth: number }[] = [
    { value: root, path: '', depth: 0 },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path, depth } = next;
    if (depth > limits.jsonDepthMax) {
      refuse(path, `must not be nested deeper than ${limits.jsonDepthMax} levels`);
    }
    if (typeof value === 'string') checkText(value, path);
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, item] of Object.entries(value)) {
      const itemPath = Array.isArray(value) ? `${path}[${key}]` : joinPath(path, key);
      if (!Array.isArray(value)) {
        if (forbiddenKeys.has(key)) refuse(path, `must not have a key named "${key}"`);
        checkText(key, path);
      }
      open.push({ value: item, path: itemPath, depth: depth + 1 });
    }
  }
}

function checkText(text: string, path: string): void {
  if (text.includes('\u0000')) refuse(path, 'must not contain the character NUL');
  if (/\p{Surrogate}/u.test(text)) refuse(path, 'must not contain half a character (surrogate)');
}

function joinPath(path: string, key: string): string {
  const shown = key.slice(0, 64);
  return path === '' ? shown : `${path}.${shown}`;
}

function refuse(path: string, message: string): never {
  const where = path === '' ? 'The body' : path.slice(0, 200);
  throw new Problem('invalid-input', `${where} ${message}.`, {
    errors: [{ path: path.slice(0, 200), message }],
  });
}
