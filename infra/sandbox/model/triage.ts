/**
 * Classes of mail by rule: words of urgency, questions, senders that are machines. It follows the
 * person's corrections and no instruction inside a mail.
 */
import { isJsonObject, type Json, type JsonObject } from '#contracts/json.ts';
import type { TriageClass } from '#contracts/schemas/triage.ts';
import { textOf } from './builder.ts';

type Mail = { readonly from: string; readonly subject: string; readonly text: string };
type Rule = readonly [TriageClass, string, (mail: Mail) => boolean];

const says = (pattern: RegExp) => (mail: Mail) => pattern.test(`${mail.subject}\n${mail.text}`);
const machine = /^(?:no-?reply|news|digest|billing|bookings|service|notifications?|updates?)@/i;

/** The first that fits decides. */
const rules: readonly Rule[] = [
  [
    'spam',
    'It gives instructions to a program, or promises something for nothing.',
    says(
      /ignore (?:all |any )?(?:previous|prior|your) |assistant[:,]|you (?:have|'ve) won|lottery|wire the|gift cards?|verify your (?:account|password)|act now/i,
    ),
  ],
  [
    'urgent',
    'It asks for something within a day.',
    says(
      /\burgent\b|\basap\b|\bimmediately\b|\boutage\b|\bis down\b|\bby (?:noon|tonight|today|end of (?:the )?day|eod|tomorrow)\b/i,
    ),
  ],
  ['can_wait', 'A machine or a newsletter sent it.', ({ from }) => machine.test(from)],
  ['can_wait', 'It is a newsletter.', says(/\bunsubscribe\b|\bnewsletter\b|\bthis week in\b/i)],
  [
    'needs_reply',
    'It asks you something.',
    says(
      /\?|\bcould you\b|\bcan you\b|\bplease (?:let|send|confirm|review|tell)\b|\blet me know\b/i,
    ),
  ],
];

/** Answers a `triage` request. */
export function answerTriage(data: JsonObject): Json {
  const mails = Array.isArray(data.mails) ? (data.mails as readonly Json[]) : [];
  const examples = Array.isArray(data.examples) ? (data.examples as readonly Json[]) : [];
  return {
    mails: mails.filter(isJsonObject).map((mail) => {
      const read = {
        from: textOf(mail.from),
        subject: textOf(mail.subject),
        text: textOf(mail.text),
      };
      const learnt = examples.find((one) => isJsonObject(one) && one.sender === mail.from);
      const [kind, reason] = isJsonObject(learnt)
        ? [textOf(learnt.shouldBe), 'You said so of an earlier mail from this sender.']
        : (rules.find(([, , fits]) => fits(read)) ?? ['fyi', 'It tells you something.']);
      return {
        number: mail.number ?? 0,
        class: kind,
        reason,
        confidence: kind === 'fyi' ? 0.6 : 0.9,
        summary: kind === 'urgent' ? summaryOf(read) : null,
      };
    }),
  };
}

function summaryOf({ subject, text }: Mail): string {
  const [first = ''] = text.replace(/\s+/g, ' ').split(/(?<=[.!?])\s/);
  return `${subject}: ${first}`.slice(0, 280);
}
