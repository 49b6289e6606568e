/** Checks that a decision was signed by the api. Ed25519 over the decision's canonical JSON. */
import { type KeyObject, verify } from 'node:crypto';
import { decisionText } from '#contracts/canonical.ts';
import type { JsonObject } from '#contracts/json.ts';

/** True when `decision.signature` is the api's over all other fields. */
export function isSigned(decision: JsonObject, publicKey: KeyObject): boolean {
  const { signature } = decision;
  if (typeof signature !== 'string') return false;
  try {
    const text = Buffer.from(decisionText(decision), 'utf8');
    return verify(null, text, publicKey, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
