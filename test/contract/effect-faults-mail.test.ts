/**
 * Every write of the mailbox met by every fault, on both vendors, through the ledger: a mail leaves
 * once and arrives once, marks are as asked, and an outcome is known or said not to be.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#contracts/json.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { type Ending, FaultBench, type Scene } from './effect-faults.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft } from './microsoft-setup.ts';
import { casesOf, caseTimeoutMs, faultNames, isOwnViolation, patienceMs } from './twelve-faults.ts';

const vendors = [
  {
    name: 'Google',
    owner: 'alex.morgan@office.example.com',
    colleague: 'bob.keller@office.example.com',
    connect: connectGoogle,
    knobs: {},
  },
  ...(['kept', 'replaced'] as const).map((messageIds) => ({
    name: `Microsoft, Message-IDs ${messageIds} and sent copies late`,
    owner: 'carla.rossi@office.example.com',
    colleague: 'dana.whitfield@office.example.com',
    connect: connectMicrosoft,
    knobs: { messageIds, sentCopyLagMs: 5_000 },
  })),
];

let bench: FaultBench;
let violations: string[];
let mailbox: EmailPort;
let documentId: string;

/** A mail that came in from the colleague. */
async function arrive(subject: string): Promise<string> {
  const { office } = bench.sandbox;
  const { owner, colleague } = bench.cast;
  const raw = [
    `From: ${colleague}`,
    `To: ${owner}`,
    `Subject: ${subject}`,
    `Message-ID: <${encodeURIComponent(subject)}@office.example.com>`,
    `Date: ${office.now().toUTCString()}`,
    '',
    'Can you tell me more?',
  ].join('\r\n');
  const mail = { raw: Buffer.from(raw), labelIds: ['INBOX', 'UNREAD'] };
  addMessage(office, office.person(owner)!, mail);
  const { messages } = await mailbox.search({ kind: 'in', folder: 'inbox' }, 50);
  return messages.find((message) => message.subject === subject)!.id;
}
const mail = (subject: string): JsonObject => ({
  to: [bench.cast.colleague],
  subject,
  body: 'Hello',
});
const change = (tool: Scene['tool'], input: (name: string) => JsonObject): Scene => ({
  tool,
  prepare: async (name) => ({ messageIds: [await arrive(name)], ...input(name) }),
});

const scenes: Readonly<Record<string, Scene>> = {
  'a draft': { tool: 'createDraft', prepare: async (name) => mail(name) },
  'a new mail': { tool: 'sendEmail', prepare: async (name) => mail(name) },
  'an answer': {
    tool: 'sendEmail',
    prepare: async (name) => ({ replyToMessageId: await arrive(name), body: 'Gladly' }),
  },
  'a mail passed on with a file': {
    tool: 'sendEmail',
    prepare: async (name) => ({
      mode: 'forward',
      replyToMessageId: await arrive(name),
      to: [bench.cast.colleague],
      body: 'See below',
      attachments: [{ documentId }],
    }),
  },
  'a label': change('labelMail', (name) => ({ add: [`L ${name}`] })),
  'a mail archived': change('archiveMail', () => ({})),
  'a mail marked': change('markMail', () => ({ as: 'read' })),
  'a mail moved': change('moveMail', () => ({ to: 'trash' })),
};

/** The same, done and taken back, where something can be. */
const undone: typeof scenes = Object.fromEntries(
  Object.entries(scenes)
    .filter(([, { tool }]) => tool !== 'sendEmail')
    .map(([title, scene]) => [`${title}, taken back`, { ...scene, takesBack: true }]),
);
const played = { ...scenes, ...undone };

/** Faults in which a second draft may come to lie unsent beside the first, or one is deleted twice. */
const mayStoreTwice = ['delivered twice', 'done after nobody waited any more'];

/** What is the same however often it is done, counted once. */
function inEffect({ operations, ...rest }: Ending['census'], fault: string) {
  const once = Object.entries(operations).map(([operation, count]) => {
    const repeats =
      operation.startsWith('messages.') ||
      (operation.startsWith('drafts.') &&
        operation !== 'drafts.send' &&
        count === 2 &&
        mayStoreTwice.includes(fault));
    return [operation, repeats ? 1 : count];
  });
  return { ...rest, operations: Object.fromEntries(once) as Record<string, number> };
}

describe.each(vendors)('$name', ({ name: vendor, owner, colleague, connect, knobs }) => {
  beforeAll(async () => {
    bench = await FaultBench.start({ owner, colleague }, knobs);
    const { directory, files, signatureOf } = connectGoogle(bench.sandbox); // No vendor's own.
    const handlersOf = ({ email, accounts }: ReturnType<typeof connect>) =>
      createEmailHandlers({ email, accounts, directory, files, signatureOf });
    const patient = connect(bench.sandbox, { timeoutMs: 20_000 });
    const acting = connect(bench.sandbox, { timeoutMs: patienceMs });
    ({ violations } = acting);
    mailbox = await patient.email(owner);
    const content = Buffer.from('Figures of the quarter');
    const file = { owner, name: 'figures.txt', mimeType: 'text/plain', content, origin: null };
    ({ documentId } = await files.put(file));
    bench.use(handlersOf(patient), handlersOf(acting));
    for (const scene of Object.values(played)) await bench.plain(scene);
  });
  afterAll(async () => {
    console.log(`${vendor}: ${bench.summary()}`);
    await bench[Symbol.asyncDispose]();
  });
  afterEach(() => expect(violations.splice(0).filter(isOwnViolation)).toEqual([]));

  describe.each(Object.entries(played))('%s', (title, scene) => {
    it.each(faultNames)(
      '%s',
      async (fault) => {
        const { writes, census } = await bench.plain(scene);
        for (const [run, moments, write] of casesOf(writes)) {
          const name = `${title} ${fault} ${write.method} ${write.ordinal} ${run}.`;
          const ending = await bench.withFault(scene, name, { fault, write, moments });
          const found = { name, ...ending, census: inEffect(ending.census, fault) };
          const wanted = { name, outcome: 'confirmed', census: inEffect(census, fault) };
          expect.soft(found).toEqual(wanted);
        }
      },
      caseTimeoutMs,
    );
  });

  it('has every mail as the changes left it', async () => {
    const { messages } = await mailbox.search({ kind: 'in', folder: 'inbox' }, 10_000);
    const isBack = (subject: string) => subject.includes(', taken back');
    const changed = messages.filter(({ subject }) => /^a mail (archived|moved)/.test(subject));
    expect(changed.filter(({ subject }) => !isBack(subject))).toEqual([]);
    expect(changed.length).toBeGreaterThanOrEqual(2 * faultNames.length);
    for (const { subject, unread, labels } of messages) {
      if (subject.startsWith('a mail marked'))
        expect({ subject, unread }).toEqual({ subject, unread: isBack(subject) });
      if (subject.startsWith('a label')) {
        expect({ subject, labels }).toEqual({
          subject,
          labels: isBack(subject) ? [] : [`L ${subject}`],
        });
      }
    }
  });
});
