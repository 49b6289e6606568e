/** Digests and effect keys. The same content gives the same text on every machine. */
import { createHash, createHmac } from 'node:crypto';
import { canonicalJson } from '#contracts/canonical.ts';
import type { Json } from '#contracts/json.ts';
import { effectKeyMaterial } from '#contracts/names.ts';

/** SHA-256 over canonical JSON (RFC 8785), prefixed with the algorithm's version. */
export function digestOf(value: Json): string {
  return `v1:sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}

/** The key of one effect: 64 hex characters, from ids only, so that no retry or reset changes it. */
export function effectKeyOf(
  secret: Buffer,
  workflowId: string,
  stepId: string,
  revision: number,
  purpose: 'do' | 'undo',
): string {
  const material = effectKeyMaterial(workflowId, stepId, revision, purpose);
  return createHmac('sha256', secret).update(material).digest('hex');
}
