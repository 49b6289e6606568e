/** A message cut down to what a first look needs, the same on every provider. */
import { limits } from '#contracts/limits.ts';
import { cleanText } from '../visible-text.ts';
import type { MailMessage } from './port.ts';

/** The message with an excerpt of its own part as its text. */
export function summaryOf(message: MailMessage): MailMessage {
  const excerpt = cleanText(message.ownText, limits.excerptMaxChars);
  return { ...message, text: excerpt, ownText: excerpt };
}
