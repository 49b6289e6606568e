/** What stands of another mail below a reply or a forward, as mail programs write it. Pure. */
import { DateTime } from 'luxon';
import { limits } from '#contracts/limits.ts';
import { cleanLine } from '../visible-text.ts';
import type { MailAddress, MailMessage } from './port.ts';

/** Prefixes of several languages that mail programs put before a subject. */
const prefixes = /^(?:\s*(?:re|aw|antw|sv|vs|fwd?|wg|tr|rv|i)\s*(?:\[\d+\])?\s*:)+\s*/i;

/** "On Tue, 3 Nov 2026 at 10:00, Bob <bob@…> wrote:" and the text behind signs of quotation. */
export function quoteReply(message: MailMessage, zone: string): string {
  const who = shownAddress(message.from);
  const lines = shortened(message.text).split('\n');
  const quoted = lines.map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd()));
  return [`On ${dateOf(message, zone)}, ${who} wrote:`, ...quoted].join('\n');
}

/** The forwarded mail with its header lines. */
export function quoteForward(message: MailMessage, zone: string): string {
  const { from, to, cc, subject } = message;
  return [
    '---------- Forwarded message ---------',
    `From: ${shownAddress(from)}`,
    `Date: ${dateOf(message, zone)}`,
    `Subject: ${cleanLine(subject, limits.subjectMaxChars)}`,
    `To: ${to.map(shownAddress).join(', ')}`,
    ...(cc.length > 0 ? [`Cc: ${cc.map(shownAddress).join(', ')}`] : []),
    '',
    shortened(message.text),
  ].join('\n');
}

/** The subject with exactly one prefix: the word stays the same, so threads hold together. */
export function prefixedSubject(subject: string, mode: 'reply' | 'replyAll' | 'forward'): string {
  const bare = cleanLine(subject, limits.subjectMaxChars).replace(prefixes, '');
  const prefix = mode === 'forward' ? 'Fwd:' : 'Re:';
  return `${prefix} ${bare}`.trim().slice(0, limits.subjectMaxChars).toWellFormed();
}

function shownAddress({ name, email }: MailAddress): string {
  return name === null ? email : `${cleanLine(name, 200)} <${email}>`;
}

function dateOf({ dateMs }: MailMessage, zone: string): string {
  const date = DateTime.fromMillis(Number.isFinite(dateMs) ? dateMs : 0, { zone }).setLocale('en');
  return date.toFormat("ccc, d LLL yyyy 'at' HH:mm");
}

function shortened(text: string): string {
  const whole = text.trim();
  if (whole.length <= limits.quotedMaxChars) return whole;
  return `${whole.slice(0, limits.quotedMaxChars).toWellFormed()}\n[…]`;
}
