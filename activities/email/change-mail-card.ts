/** The card of changes to messages: every message with what becomes of it. */
import type { Card, CardLine } from '#contracts/approval.ts';
import type { ChangeMailPayload } from '#contracts/schemas/email.ts';
import { makeVisible, visibleAddress } from '../visible-text.ts';

type Item = ChangeMailPayload['messages'][number];

/** Renders the card from the payload and from nothing else. */
export function changeMailCard({ kind, account, messages }: ChangeMailPayload): Omit<Card, 'undo'> {
  const verbs = {
    labelMail: 'Change labels of',
    archiveMail: 'Archive',
    markMail: 'Mark',
    moveMail: 'Move',
  } as const;
  const trashed = messages.filter(({ change }) => change.folder === 'trash').length;
  const mailboxes = [...new Set([account, ...messages.map((message) => message.account)])];
  return {
    title: `${verbs[kind]} ${countMails(messages.length)}`,
    lines: [
      { label: 'Mailbox', value: mailboxes.map(visibleAddress).join(', ') },
      ...(messages.length === 0
        ? [{ label: 'Nothing to change', value: 'Every message is as asked for already.' }]
        : messages.map(lineOf)),
    ],
    warnings:
      trashed === 0
        ? []
        : [`${countMails(trashed)} will lie in the trash, which providers empty after 30 days.`],
  };
}

/** "1 mail", "3 mails". */
export function countMails(count: number): string {
  return count === 1 ? '1 mail' : `${count} mails`;
}

function lineOf({ subject, from, before, change }: Item): CardLine {
  const { addLabels = [], removeLabels = [], unread, folder } = change;
  const said = [
    ...(folder === undefined ? [] : [`from ${before.folder} to ${folder}`]),
    ...(unread === undefined ? [] : [unread ? 'as unread' : 'as read']),
    ...addLabels.map((label) => `add label "${label}"`),
    ...removeLabels.map((label) => `take off label "${label}"`),
  ];
  const title = makeVisible(subject) || '(no subject)';
  return {
    label: 'Mail',
    value: `${title} (${visibleAddress(from)}): ${makeVisible(said.join(', '))}`,
  };
}
