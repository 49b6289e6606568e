/** Compares what went over the wire, as the oracle kept it, with the input that was approved. */
import type { Json, JsonObject } from '#contracts/json.ts';
import type { OracleEffect } from '#test/support/stack.ts';

/** What differs, as a sentence; null when nothing does or the operation carries no content. */
export function contentProblem(effect: OracleEffect, approved: JsonObject): string | null {
  const raw = String(effect.raw);
  switch (effect.operation) {
    case 'events.insert': {
      const body = JSON.parse(raw) as { summary?: Json; attendees?: { email: string }[] };
      const guests = (body.attendees ?? []).map(({ email }) => email);
      return (
        difference('title', body.summary, approved['title']) ??
        difference('guests', guests, approved['guests'])
      );
    }
    case 'drafts.send':
      return (
        difference('subject', headerOf(raw, 'Subject'), approved['subject']) ??
        difference('recipients', headerOf(raw, 'To')?.split(/,\s*/), approved['to'])
      );
    default:
      return null;
  }
}

function difference(
  what: string,
  sent: Json | undefined,
  approved: Json | undefined,
): string | null {
  const [a, b] = [JSON.stringify(sent ?? null), JSON.stringify(approved ?? null)];
  return a === b ? null : `${what} on the wire is ${a}, approved was ${b}`;
}

/** A header of a mail, unfolded. */
function headerOf(mail: string, name: string): string | undefined {
  const head = mail.split(/\r?\n\r?\n/, 1)[0] ?? '';
  const line = new RegExp(`^${name}: (.*(?:\\r?\\n[ \\t].*)*)`, 'im').exec(head)?.[1];
  return line?.replaceAll(/\r?\n[ \t]+/g, ' ').trim();
}
