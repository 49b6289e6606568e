/**
 * Makes a new office: people, calendars and mailboxes, the same for the same instant. All dates
 * are relative to the week of that instant.
 */
import { Office } from './office.ts';
import { people, privateAccount } from './people.ts';
import { seedCalendars } from './seed-calendars.ts';
import { seedMail } from './seed-mail.ts';
import type { MailboxState, OfficeState } from './state.ts';

const systemLabels = [
  'INBOX',
  'SENT',
  'DRAFT',
  'SPAM',
  'TRASH',
  'UNREAD',
  'STARRED',
  'IMPORTANT',
  'CATEGORY_PERSONAL',
  'CATEGORY_SOCIAL',
  'CATEGORY_PROMOTIONS',
  'CATEGORY_UPDATES',
  'CATEGORY_FORUMS',
];
const userLabels = ['Clients', 'Travel', 'Receipts'];

/** The state of a new office at an instant. */
export function seedOffice(anchor: Date): OfficeState {
  const state: OfficeState = {
    version: 1,
    anchor: anchor.toISOString(),
    sequence: 1_000,
    people: structuredClone([...people, privateAccount]),
    calendars: {},
    mailboxes: {},
    oauth: { accessTokens: {}, codes: {}, revokedRefreshTokens: [] },
    effects: [],
    notifications: [],
    outsideMail: {},
  };
  for (const { email } of state.people) {
    state.calendars[email] = { events: {}, syncFloor: 0 };
    state.mailboxes[email] = emptyMailbox();
  }
  const office = new Office(state, () => anchor);
  seedCalendars(office, anchor);
  seedMail(office, anchor);
  // What was there on the first day is not history, and nobody can hold an older token.
  for (const mailbox of Object.values(state.mailboxes)) {
    mailbox.history = [];
    mailbox.historyFloor = mailbox.historyId;
  }
  for (const calendar of Object.values(state.calendars)) calendar.syncFloor = state.sequence;
  return state;
}

function emptyMailbox(): MailboxState {
  return {
    messages: {},
    drafts: {},
    labels: [
      ...systemLabels.map((id) => ({ id, name: id, type: 'system' as const })),
      ...userLabels.map((name, index) => ({
        id: `Label_${index + 1}`,
        name,
        type: 'user' as const,
      })),
    ],
    history: [],
    historyId: 10_000,
    historyFloor: 10_000,
  };
}
