/** Canonical JSON (RFC 8785), so that a digest or a signature is over the same bytes everywhere. */
import { type Json, isJsonObject } from './json.ts';

/**
 * Serialises a value with sorted keys and no white space. Keys whose value is undefined are left out.
 * @throws TypeError for numbers JSON cannot hold and for strings with lone surrogates.
 * @see RFC 8785
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TypeError('Canonical JSON cannot hold NaN or Infinity.');
  }
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) {
    throw new TypeError('Canonical JSON cannot hold a lone surrogate.');
  }
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(canonicalJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const entries = Object.entries(value as Record<string, Json | undefined>)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([k, v]) => `${canonicalJson(k)}:${canonicalJson(v)}`).join(',')}}`;
}

/** The bytes an api signs and admission verifies: a decision without its signature. */
export function decisionText(decision: { readonly [key: string]: Json | undefined }): string {
  const { signature: _, ...rest } = decision;
  return canonicalJson(rest as Json);
}
