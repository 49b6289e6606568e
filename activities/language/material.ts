/** Material for language work: bounded, and without the fields a model has no use for. Pure. */
import { type Json, isJsonObject } from '#contracts/json.ts';
import type { ModelUsage } from '#contracts/activities.ts';
import { limits } from '#contracts/limits.ts';
import type { Trust } from '#contracts/trust.ts';

/** Ids and etags serve code; a model could only leak or garble them. */
const codeFields = new Set([
  'id',
  'threadId',
  'documentId',
  'etag',
  'recurringEventId',
  'eventId',
  'messageId',
  'draftId',
]);

/** The material as the model sees it: at most `limits.modelMaterialMaxChars`, shared fairly. */
export function prepareMaterial(material: readonly Json[]): readonly Json[] {
  const lean = material.map(withoutCodeFields);
  if (JSON.stringify(lean).length <= limits.modelMaterialMaxChars) return lean;
  const share = Math.floor(limits.modelMaterialMaxChars / Math.max(1, lean.length)) - 40;
  return lean.map((item) => {
    const text = typeof item === 'string' ? item : JSON.stringify(item);
    return text.length <= share ? item : `${text.slice(0, share).toWellFormed()} […cut]`;
  });
}

function withoutCodeFields(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(withoutCodeFields);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !codeFields.has(key))
      .map(([key, item]) => [key, withoutCodeFields(item)]),
  );
}

/** A call's usage with the bytes of other people's text it showed the model. */
export function withShownBytes(
  usage: ModelUsage,
  trust: Trust,
  shown: readonly Json[],
): ModelUsage {
  if (trust === 'trusted' || shown.length === 0) return usage;
  return { ...usage, shownBytes: Buffer.byteLength(JSON.stringify(shown)) };
}
