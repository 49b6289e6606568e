/**
 * Text that others wrote, made safe to show: characters that hide or reorder are shown as their code
 * (cards) or dropped (excerpts). It changes what is shown, never what is sent.
 */
import { domainToASCII } from 'node:url';
import { outsideOf } from './outside.ts';

/**
 * Control, bidi, zero-width and other characters that do not look like what they are. Not line breaks
 * and tabs, nor the joiners that emoji are made of.
 */
const hidden =
  /(?![\t\n]|(?<=\p{Extended_Pictographic}\ufe0f?)[\ufe0f\u200d])(?:\p{Default_Ignorable_Code_Point}|\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp})/gu;

/** Shows every hidden character as `[U+202E]`. Line breaks and tabs stay. */
export function makeVisible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .toWellFormed()
    .replace(hidden, (character) => {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      return `[U+${code}]`;
    });
}

/** An address as it is, with its domain in the form the network uses: `bob@xn--….com`. */
export function visibleAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = domainToASCII(address.slice(at + 1)) || address.slice(at + 1);
  return makeVisible(`${address.slice(0, at)}@${domain}`);
}

/** One or more lines without hidden characters, cut at a length; for excerpts and labels. */
export function cleanText(text: string, maxChars: number): string {
  const clean = text
    .replaceAll('\r\n', '\n')
    .replace(hidden, '')
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  return clean.length <= maxChars ? clean : clean.slice(0, maxChars).toWellFormed();
}

/** `cleanText` on one line. */
export function cleanLine(text: string, maxChars: number): string {
  return cleanText(text.replace(/\s+/g, ' '), maxChars);
}

/** What to look at twice in texts of a card: hidden characters, long blank stretches. */
export function textWarnings(fields: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(fields).flatMap(([field, text]) => {
    if (text === null) return [];
    const found: string[] = [];
    if (makeVisible(text) !== text.replaceAll('\r\n', '\n')) {
      found.push(`${field} holds hidden characters; they are shown as [U+….].`);
    }
    if (/\s{80,}|(?:\s*\n){8,}/.test(text)) {
      found.push(`${field} has a long blank stretch; read it to the end.`);
    }
    return found;
  });
}

/**
 * What to look at twice in addresses: outsiders of the account that is used, look-alike letters. The
 * person's `own` addresses are no outsiders.
 */
export function addressWarnings(
  addresses: readonly string[],
  account: string,
  own: ReadonlySet<string>,
): string[] {
  const outside = outsideOf(addresses, account, own);
  const odd = addresses.filter(
    (address) => /[^\u0021-\u007e]/.test(address) || /@(?:.*\.)?xn--/i.test(address),
  );
  return [
    ...(outside.length > 0
      ? [`Outside your organisation: ${outside.map(visibleAddress).join(', ')}.`]
      : []),
    ...odd.map(
      (address) => `${visibleAddress(address)} uses letters that can look like others. Check it.`,
    ),
  ];
}
