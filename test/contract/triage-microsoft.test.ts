/** Triage of a mailbox at Microsoft, of a person whose default account is at Google: delta, drafts, gaps. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '#contracts/journal.ts';
import type { TriageInboxOutput } from '#contracts/schemas/triage.ts';
import type { EmailPort, MailMessage } from '#activities/email/port.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { type Installation, startInstallation } from '#test/support/installation.ts';
import { connectGraph, type GraphClients } from './graph-clients.ts';
import { connectMicrosoft } from './microsoft-setup.ts';

const home = 'alex@morgan-family.example.org';
let installation: Installation;
let mailbox: EmailPort;
/** The person's own mail program. */
let outlook: GraphClients;
beforeAll(async () => {
  installation = await startInstallation();
  mailbox = await connectMicrosoft(installation.sandbox).email(home);
  outlook = await connectGraph(installation.sandbox, home);
  await triage();
});
afterAll(() => installation[Symbol.asyncDispose]());

type Mail = { from: string; subject: string; text: string; answers?: string };
let count = 0;

/** A mail arrives in the private inbox; as Outlook shows it. */
async function arrive({ from, subject, text, answers }: Mail): Promise<MailMessage> {
  count += 1;
  const { office } = installation.sandbox;
  const messageId = `<private-${count}@example.org>`;
  const raw = [
    `From: ${from}`,
    `To: ${home}`,
    `Subject: ${subject}`,
    `Message-ID: ${messageId}`,
    `Date: ${office.now().toUTCString()}`,
    ...(answers === undefined ? [] : [`In-Reply-To: ${answers}`]),
    '',
    text,
  ].join('\r\n');
  const labelIds = ['INBOX', 'UNREAD'];
  addMessage(office, office.person(home)!, { raw: Buffer.from(raw), labelIds });
  const query = { kind: 'text', field: 'from', value: from } as const;
  const { messages } = await mailbox.search(query, 50);
  return messages.find((message) => message.messageId === messageId)!;
}

async function triage(goal = 'triage my inbox') {
  const handle = await installation.start(goal);
  await handle.result();
  const view = await handle.query<{ steps: { output: { value: unknown } | null }[] }>('getGoal');
  const journal = await handle.query<JournalEvent[]>('getJournal');
  return { output: view.steps[0]?.output?.value as TriageInboxOutput, journal };
}
const classes = async () => {
  const { rows } = await installation.pool.query<{ id: string; class: string | null }>(
    'select message_id as id, class from triaged_messages where account = $1',
    [home],
  );
  return new Map(rows.map((row) => [row.id, row.class]));
};
const draftsIn = async (threadId: string) =>
  ((await mailbox.thread(threadId)) ?? []).filter(
    ({ draft, folder }) => draft && folder !== 'trash',
  );

describe('triage of a mailbox at Microsoft', () => {
  it('takes up what came in since, once, and drafts a reply there where one is due', async () => {
    const before = await classes();
    const asks = await arrive({
      from: 'ida@morgan-family.example.org',
      subject: 'Sunday',
      text: 'Can you bring a cake?',
    });
    const told = await arrive({
      from: 'choir@song.example.org',
      subject: 'Hall',
      text: 'The hall is blue.',
    });
    const { output } = await triage();
    expect(output.counts).toEqual({ urgent: 0, needs_reply: 1, fyi: 1, can_wait: 0, spam: 0 });
    const after = await classes();
    expect([...after.keys()].filter((id) => !before.has(id)).toSorted()).toEqual(
      [asks.id, told.id].toSorted(),
    );
    expect(await draftsIn(asks.threadId)).toMatchObject([
      { to: [{ email: 'ida@morgan-family.example.org' }] },
    ]);
    expect((await triage()).output.counts.fyi).toBe(0);
    const sent = (await installation.effects()).filter(({ operation }) => /send/.test(operation));
    expect(sent).toEqual([]);
  });

  it('loses no mail when Outlook has forgotten the cursor, and says that there is a gap', async () => {
    const known = await classes();
    const mails: MailMessage[] = [];
    for (let i = 0; i < 4; i += 1) {
      const from = `fact${i}@example.org`;
      mails.push(await arrive({ from, subject: `Fact ${i}`, text: 'Grass is green.' }));
    }
    await fetch(`${installation.sandbox.oracleUrl}/__cursors`, { method: 'DELETE' });
    const { output, journal } = await triage();
    const now = await classes();
    for (const { id } of mails) expect(now.get(id)).toBe('fyi');
    for (const [id, kind] of known) expect(now.get(id)).toBe(kind);
    expect(output.gaps.map(({ account }) => account).toSorted()).toEqual(
      [installation.owner, home].toSorted(),
    );
    expect(journal.filter(({ type }) => type === 'mail_gap')).toHaveLength(2);
    expect((await triage()).output.gaps).toEqual([]);
  });

  it('replaces its own draft when somebody writes again, and keeps one that was edited', async () => {
    const from = 'ida@morgan-family.example.org';
    const first = await arrive({ from, subject: 'Garden', text: 'Can you mow the lawn?' });
    await triage();
    const [old] = await draftsIn(first.threadId);
    const answers = first.messageId!;
    const subject = 'Re: Garden';
    await sleep(1_100); // Outlook tells times in seconds.
    await arrive({ from, subject, text: 'Can you mow it on Friday?', answers });
    await triage();
    const [second, ...others] = await draftsIn(first.threadId);
    expect(others).toEqual([]);
    expect(second!.id).not.toBe(old!.id);
    // The one that was taken away lies in the bin now, and is in nobody's way.
    await sleep(1_100);
    await arrive({ from, subject, text: 'Can you mow it on Monday?', answers });
    await triage();
    const [replaced, ...more] = await draftsIn(first.threadId);
    expect(more).toEqual([]);
    expect([old!.id, second!.id]).not.toContain(replaced!.id);
    const body = { contentType: 'text', content: 'I will mow it on Friday.' };
    await outlook.api(`/me/messages/${encodeURIComponent(replaced!.id)}`).patch({ body });
    await arrive({ from, subject, text: 'Or can you do it on Saturday?', answers });
    await triage();
    expect(await draftsIn(first.threadId)).toMatchObject([
      { id: replaced!.id, text: expect.stringContaining('I will mow it') },
    ]);
  });

  it('keeps to the account that is named', async () => {
    const mail = await arrive({
      from: 'club@chess.example.org',
      subject: 'Game',
      text: 'We play at 7.',
    });
    await triage('triage my work inbox');
    expect((await classes()).has(mail.id)).toBe(false);
    await triage('triage my private inbox');
    expect((await classes()).get(mail.id)).toBe('fyi');
  });
});
