/** Who a reply goes to, found by code from the message it answers. Pure; it never adds a Bcc. */
import type { MailMessage } from './port.ts';

/** To and Cc of a reply. `own` are the person's own addresses, which are left out. */
export function replyRecipients(
  message: MailMessage,
  mode: 'reply' | 'replyAll',
  own: readonly string[],
): { to: string[]; cc: string[] } {
  const mine = new Set(own.map((email) => email.toLowerCase()));
  const others = (addresses: readonly { readonly email: string }[]): string[] => [
    ...new Set(addresses.map(({ email }) => email).filter((email) => !mine.has(email))),
  ];
  // An answer to one's own mail goes to those it was written to.
  const isOwn = message.sent || mine.has(message.from.email);
  const asked = others(isOwn ? message.to : [message.replyTo ?? message.from]);
  // Nobody else is left: a note to oneself is answered to oneself.
  const to = asked.length > 0 ? asked : [message.from.email];
  if (mode === 'reply') return { to, cc: [] };
  const cc = others([...(isOwn ? [] : message.to), ...message.cc]);
  return { to, cc: cc.filter((email) => !to.includes(email)) };
}
