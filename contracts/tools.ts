/**
 * The tool catalogue: what a plan may use, how dangerous each tool is and how it is undone.
 * Data only; input and output schemas are in schemas/tools.ts, so that workflows stay free of zod.
 */

import { calendarTools } from './calendar-tools.ts';

/** How dangerous a step is: 0 read, 1 prepare, 2 reversible, 3 commit, 4 high stakes. */
export type Tier = 0 | 1 | 2 | 3 | 4;
/** What a tool changes in the outside world. */
export type EffectClass = 'read' | 'prepare' | 'reversible' | 'commit';

/** Tools that change nothing outside. */
const readToolNames = [
  'listEvents',
  'findEvent',
  'findTime',
  'findContact',
  'searchMail',
  'readThread',
  'readAttachment',
  'learnTone',
  'summarize',
  'composeEmail',
  'proposeTimes',
  'readTimeReply',
  'searchWeb',
  'readPage',
  'research',
  'triageInbox',
] as const;
export type ReadToolName = (typeof readToolNames)[number];

/** Tools that change something outside. */
export const effectToolNames = [
  'createDraft',
  'createEvent',
  'moveEvent',
  'cancelEvent',
  'labelMail',
  'archiveMail',
  'markMail',
  'moveMail',
  'updateEvent',
  'respondToInvitation',
  'holdSlots',
  'releaseHolds',
  'sendEmail',
] as const;
export type EffectToolName = (typeof effectToolNames)[number];

export const toolNames = [...readToolNames, ...effectToolNames] as const;
export type ToolName = (typeof toolNames)[number];

/** True for tools whose steps are prepared, approved and performed. */
export function isEffectTool(tool: ToolName): tool is EffectToolName {
  return (effectToolNames as readonly string[]).includes(tool);
}

/** One entry of the catalogue. */
export type ToolEntry = {
  readonly summary: string;
  readonly effectClass: EffectClass;
  /** Tier without anything that raises it. The gate raises it from facts of the prepared payload. */
  readonly tier: Tier;
  readonly scope: 'calendar.read' | 'calendar.write' | 'mail.read' | 'mail.write' | 'web' | 'none';
  /** What undoes it, in words for the card; null when nothing can. */
  readonly undo: string | null;
  /** Who could have written what it returns. */
  readonly outputTrust: 'trusted' | 'untrusted' | 'derived';
  /** True when it waits for the policy's delay after approval, so that it can still be stopped. */
  readonly delayed?: boolean;
  /** Input leaves that must not be filled from untrusted data without the card saying so. */
  readonly sensitive: readonly string[];
};

const mailMarks = {
  effectClass: 'reversible',
  tier: 2,
  scope: 'mail.write',
  outputTrust: 'trusted',
  sensitive: [],
} as const;
const read = { effectClass: 'read', tier: 0, undo: null, sensitive: [] } as const;

/** Every tool by name. A name that is not here is refused. */
export const tools: Readonly<Record<ToolName, ToolEntry>> = {
  ...calendarTools,
  findContact: {
    ...read,
    summary: 'Find the e-mail address of a person by name, in the directory or in past mail.',
    scope: 'mail.read',
    outputTrust: 'untrusted',
  },
  searchMail: {
    ...read,
    summary:
      'Search mail, newest first. Query: from: to: cc: subject: label: filename: in:inbox|archive|sent|spam|trash ' +
      'is:unread|read|starred has:attachment after:2026-10-07 before: newer_than:7d "phrase" -not or ( ).',
    scope: 'mail.read',
    outputTrust: 'untrusted',
  },
  readThread: {
    ...read,
    summary: 'Read a mail thread by its threadId.',
    scope: 'mail.read',
    outputTrust: 'untrusted',
  },
  readAttachment: {
    ...read,
    summary:
      'Read a file that came with a mail as text (pdf, docx, xlsx, ics, csv, html, text), by name or id.',
    scope: 'mail.read',
    outputTrust: 'untrusted',
  },
  learnTone: {
    summary:
      'Learn how the person writes from their own sent mail, and keep it as a short profile.',
    effectClass: 'prepare',
    tier: 1,
    scope: 'mail.read',
    undo: 'delete the profile',
    outputTrust: 'derived',
    sensitive: [],
  },
  summarize: {
    ...read,
    summary: 'Summarise material from other steps as told by an instruction.',
    scope: 'none',
    outputTrust: 'derived',
  },
  composeEmail: {
    ...read,
    summary:
      'Write the subject and body of a mail from an instruction and material of other steps.',
    scope: 'none',
    outputTrust: 'derived',
  },
  proposeTimes: {
    ...read,
    summary:
      'Write a mail that offers times of findTime to somebody outside, on their clock. Send it with sendEmail.',
    scope: 'none',
    outputTrust: 'derived',
  },
  readTimeReply: {
    ...read,
    summary:
      'Read from the messages of a thread (readThread) which offered time somebody chose: slot.start, ' +
      'slot.minutes; slot is null when they chose none or suggest another, so make it a checkpoint.',
    scope: 'none',
    outputTrust: 'untrusted',
  },
  searchWeb: {
    ...read,
    summary: 'Search the public web.',
    scope: 'web',
    outputTrust: 'untrusted',
    sensitive: ['query'],
  },
  readPage: {
    ...read,
    summary: 'Read one public web page.',
    scope: 'web',
    outputTrust: 'untrusted',
    sensitive: ['url'],
  },
  research: {
    ...read,
    summary: 'Research a question on the public web and return a cited summary.',
    scope: 'web',
    outputTrust: 'untrusted',
    sensitive: ['question'],
  },
  triageInbox: {
    summary:
      'Classify what came into the inbox since the last time (urgent, needs_reply, fyi, can_wait, spam) and draft replies.',
    effectClass: 'prepare',
    tier: 1,
    scope: 'mail.write',
    undo: 'delete the drafts it made',
    outputTrust: 'untrusted',
    sensitive: [],
  },
  createDraft: {
    summary: 'Put a draft into the mailbox. Nobody else sees it.',
    effectClass: 'prepare',
    tier: 1,
    scope: 'mail.write',
    undo: 'delete the draft',
    outputTrust: 'trusted',
    sensitive: ['to', 'cc', 'bcc'],
  },
  labelMail: {
    ...mailMarks,
    summary: 'Add labels to messages, or take them off.',
    undo: 'put the labels back as they were',
  },
  archiveMail: {
    ...mailMarks,
    summary: 'Move messages out of the inbox into the archive.',
    undo: 'move them back to where they were',
  },
  markMail: {
    ...mailMarks,
    summary: 'Mark messages as read or unread.',
    undo: 'mark them as they were',
  },
  moveMail: {
    ...mailMarks,
    summary:
      'Move messages to the inbox, the archive, spam or the trash. Nothing is deleted for good.',
    undo: 'move them back to where they were',
    sensitive: ['messageIds'],
  },
  sendEmail: {
    summary:
      'Send a new mail, a reply, a reply to all or a forward (mode). For the last three give ' +
      'replyToMessageId; recipients of replies, subject and quoted text are filled in by code.',
    delayed: true,
    effectClass: 'commit',
    tier: 3,
    scope: 'mail.write',
    undo: null,
    outputTrust: 'trusted',
    sensitive: ['to', 'cc', 'bcc'],
  },
};
