/**
 * Reads which of their accounts a person means: "in my private calendar", "from my work address". The
 * word is set aside as a mark, so that the rest of the sentence is understood as without it.
 */
import { isJsonObject, type Json } from '#contracts/json.ts';
import type { ToolName } from '#contracts/tools.ts';

/** Tools whose input says which account. */
export const accountTools: ReadonlySet<ToolName> = new Set([
  'listEvents',
  'findEvent',
  'searchMail',
  'readThread',
  'readAttachment',
  'labelMail',
  'archiveMail',
  'markMail',
  'moveMail',
  'createDraft',
  'createEvent',
  'moveEvent',
  'cancelEvent',
  'updateEvent',
  'respondToInvitation',
  'holdSlots',
  'releaseHolds',
  'sendEmail',
  'triageInbox',
]);

const mark = /\s*⟦([^⟧]*)⟧/;

/** Sets account names aside as marks. `accounts` as the planner is told them. */
export function markAccounts(goal: string, accounts: Json | undefined): string {
  const listed = Array.isArray(accounts) ? (accounts as readonly Json[]) : [];
  return listed.filter(isJsonObject).reduce<string>((text, { email, label, provider }) => {
    if (typeof email !== 'string') return text;
    const names = [label, email, provider].filter((name) => typeof name === 'string');
    const said = new RegExp(
      `(\\b(?:in|into|on|to|from|with|using|at|via)\\s+)?\\bmy\\s+(?:${names.map(escaped).join('|')})\\s+` +
        '(calendar|inbox|mailbox|e-?mails?|mails?|account|address)\\b',
      'gi',
    );
    return text.replace(said, (_whole, before: string | undefined, noun: string) =>
      /^(?:account|address)$/i.test(noun) ? `⟦${email}⟧` : `${before ?? ''}my ${noun} ⟦${email}⟧`,
    );
  }, goal);
}

/** The account a clause is marked with, and the clause without the mark. */
export function takeAccount(text: string): { text: string; account: string | null } {
  const account = mark.exec(text)?.[1] ?? null;
  return { text: text.replace(new RegExp(mark, 'g'), '').trim(), account };
}

function escaped(name: string): string {
  return name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
