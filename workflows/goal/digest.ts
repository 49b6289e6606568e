/** Digests for what has no prepared payload: plans, questions, interventions. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { canonicalJson } from '#contracts/canonical.ts';
import type { Json } from '#contracts/json.ts';

/** SHA-256 over canonical JSON, prefixed with the algorithm's version. */
export function digestOf(value: Json): string {
  return `v1:sha256:${bytesToHex(sha256(utf8ToBytes(canonicalJson(value))))}`;
}
