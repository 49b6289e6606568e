/** Embeddings by hashing words: the same text gives the same vector, shared words bring texts closer. */
import { createHash } from 'node:crypto';
import type { Json } from '#contracts/json.ts';
import { ModelRefusal } from './wire.ts';

/** The texts of a request. */
export function embeddingInputs(input: Json | undefined): readonly string[] {
  const texts = typeof input === 'string' ? [input] : input;
  if (Array.isArray(texts) && texts.length > 0) {
    const list = texts as readonly Json[];
    if (list.every((text) => typeof text === 'string')) return list;
  }
  throw new ModelRefusal(400, "'input' must be a text or a list of texts.", null, 'input');
}

/** A vector of length 1; base64 of little-endian floats where the client asks for it. */
export function embed(text: string, dimensions: number, base64: boolean): number[] | string {
  const vector = new Float32Array(Math.min(Math.max(Math.trunc(dimensions), 8), 3_072));
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const hash = createHash('sha256').update(word).digest();
    const index = hash.readUInt32LE(0) % vector.length;
    vector[index] = (vector[index] ?? 0) + ((hash[4] ?? 0) % 2 === 0 ? 1 : -1);
  }
  const length = Math.hypot(...vector) || 1;
  const unit = vector.map((value) => value / length);
  return base64 ? Buffer.from(unit.buffer).toString('base64') : [...unit];
}
