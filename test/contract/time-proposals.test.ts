/** Times offered to somebody outside, and their answer, with real workers and connectors. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readOffers } from '#activities/calendar/proposal-text.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { deliver } from '#infra/sandbox/mail/delivery.ts';
import { type Installation, startInstallation, untilQuiet } from '../support/installation.ts';

const nora = 'nora.feld@acme.example.org';
let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation[Symbol.asyncDispose]());

const mime = (headers: Record<string, string>, body: string) =>
  Buffer.from(
    [
      ...Object.entries({
        'MIME-Version': '1.0',
        'Content-Type': 'text/plain; charset=utf-8',
        ...headers,
      }).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  );

/** The mail that a goal would send, as it waits for approval. */
async function offered(): Promise<{ subject: string; body: string }> {
  const handle = await installation.start(
    `Propose three times next week to ${nora} for a 30 minute call about the renewal`,
  );
  const view = await untilQuiet(handle);
  const [approval] = view.pendingApprovals;
  expect(approval).toMatchObject({ tool: 'sendEmail', input: { to: [nora] } });
  await handle.cancel();
  await handle.result();
  return approval!.input as { subject: string; body: string };
}

/** Puts an offer into the mailbox as sent, and an answer to it as received. */
function exchange({ subject, body }: { subject: string; body: string }, answer: string, n: number) {
  const { office } = installation.sandbox;
  const { main } = office;
  const offerId = `<offer-${n}@${main.email.split('@')[1]!}>`;
  deliver(
    office,
    main,
    mime({ From: main.email, To: nora, Subject: subject, 'Message-ID': offerId }, body),
    {},
  );
  const quoted = body.replaceAll(/^/gm, '> ');
  const reply = mime(
    {
      From: `Nora Feld <${nora}>`,
      To: main.email,
      Subject: `Re: ${subject}`,
      Date: new Date().toUTCString(),
      'Message-ID': `<answer-${n}@acme.example.org>`,
      'In-Reply-To': offerId,
      References: offerId,
    },
    `${answer}\r\n\r\nOn Friday, Alex wrote:\r\n${quoted}`,
  );
  addMessage(office, main, { raw: reply, labelIds: ['INBOX', 'UNREAD'] });
}

describe('offering times by mail', () => {
  it('reads "… works" as the time that was offered, and leaves the rest to the person', async () => {
    const offer = await offered();
    const times = readOffers(offer.body);
    expect(times).toHaveLength(3);
    const chosen = times[1]!;
    exchange(offer, `Hi Alex,\r\n\r\n${chosen.text.split(',')[0]!} works.`, 1);
    const handle = await installation.start('Book the time Nora chose');
    const view = await untilQuiet(handle);
    const [approval] = view.pendingApprovals;
    expect(approval).toMatchObject({ tool: 'createEvent', input: { guests: [nora] } });
    expect(Date.parse(approval!.input.start as string)).toBe(chosen.startMs);
    expect(approval!.reasons.join(' ')).toMatch(/start comes from mail from Nora Feld/);
    const answer = view.steps.find(({ tool }) => tool === 'readTimeReply')!;
    expect(answer).toMatchObject({ status: 'completed' });
    await handle.cancel();
    await handle.result();
    expect(await installation.effects()).toEqual([]);
  });

  it('tells the person what the answer says when it chooses none of the times', async () => {
    const offer = await offered();
    exchange(offer, 'None of these work, sorry. How about December instead?', 2);
    const handle = await installation.start('Book the time Nora chose');
    const view = await untilQuiet(handle);
    expect(view).toMatchObject({ state: 'completed', pendingApprovals: [] });
    expect(JSON.stringify(view.report?.findings)).toContain('How about December instead?');
    expect(await installation.effects()).toEqual([]);
  });
});
