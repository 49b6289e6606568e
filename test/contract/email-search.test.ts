/** One query language: the same mail in a mailbox of either vendor gives the same results. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmailPort } from '#activities/email/port.ts';
import { type MailQuery, parseMailQuery } from '#activities/email/query.ts';
import { addMessage } from '#infra/sandbox/mail/mailbox.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft } from './microsoft-setup.ts';

const clock = { now: '2026-10-07T10:00:00+02:00', zone: 'Europe/Berlin' };
const nowMs = Date.parse(clock.now);
const hourMs = 3_600_000;
const folders = ['inbox', 'archive', 'trash', 'spam'] as const;
const subjects = ['Budget plan 2026', 'Grüße aus Köln', 'Re: budget', "Don't forget", 'Café menu'];
const people = ['Nora Feld <nora.feld@acme.example.org>', '"Lee, Jo" <jo@lee.example.net>'];
let sandbox: Sandbox;
let mailboxes: EmailPort[];

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date(nowMs) });
  const owners = ['bob.keller@office.example.com', 'kenji.tanaka@office.example.com'] as const;
  const microsoft = connectMicrosoft(sandbox, { timeoutMs: 20_000 });
  const google = connectGoogle(sandbox, { timeoutMs: 20_000 });
  mailboxes = [await google.email(owners[0]), await microsoft.email(owners[1])];
  for (const owner of owners) {
    const person = sandbox.office.person(owner)!;
    Object.assign(sandbox.office.mailbox(owner), { messages: {} });
    for (let n = 0; n < 30; n += 1) {
      const labelIds = ['INBOX', ...(n % 2 ? ['UNREAD'] : []), ...(n % 5 === 0 ? ['STARRED'] : [])];
      addMessage(sandbox.office, person, {
        raw: mail(n),
        labelIds,
        dateMs: nowMs - n * 7 * hourMs,
      });
    }
  }
  for (const mailbox of mailboxes) {
    const { messages } = await mailbox.search({ kind: 'and', parts: [] }, 50);
    expect(messages).toHaveLength(30);
    for (const [index, { id }] of messages.entries()) {
      const folder = folders[index % 7] ?? 'inbox';
      const addLabels = index % 3 === 0 ? ['Project X'] : [];
      await mailbox.changeMessage(id, { folder, addLabels });
    }
  }
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

/** The same bytes for both mailboxes, in the forms that mail comes in. */
function mail(n: number): Buffer {
  const plain = ['Content-Type: text/plain; charset=utf-8', '', `See item ${n % 4}, über alles.`];
  const html = [
    'Content-Type: text/html; charset=utf-8',
    '',
    `<p>See <b>item</b>&nbsp;${n % 4}, &uuml;ber alles.</p>`,
  ];
  const file = [
    '--b',
    `Content-Type: application/pdf; name="report-${n % 2}.pdf"`,
    `Content-Disposition: attachment; filename="report-${n % 2}.pdf"`,
    'Content-Transfer-Encoding: base64',
    '',
    'JVBERi0xLjQK',
  ];
  const body = n % 3 === 0 ? html : plain;
  const whole =
    n % 4 === 0
      ? ['Content-Type: multipart/mixed; boundary=b', '', '--b', ...body, ...file, '--b--', '']
      : [...body, ''];
  const head = [
    `Message-ID: <corpus-${n}@acme.example.org>`,
    `From: ${people[n % 2]}`,
    `To: Team <team@office.example.com>${n % 3 === 0 ? ', dana@office.example.com' : ''}`,
    ...(n % 4 === 1 ? ['Cc: Carla Rossi <carla.rossi@office.example.com>'] : []),
    `Subject: =?utf-8?B?${Buffer.from(subjects[n % subjects.length]!).toString('base64')}?=`,
    'MIME-Version: 1.0',
  ];
  return Buffer.from([...head, ...whole].join('\r\n'));
}

const found = async (query: MailQuery) =>
  Promise.all(
    mailboxes.map(async (mailbox) => {
      const { messages, truncated } = await mailbox.search(query, 50);
      expect(truncated).toBe(false);
      return messages.map(({ messageId }) => messageId);
    }),
  );

describe('a search on Google and on Microsoft', () => {
  it.each([
    ['budget', 12],
    ['"budget plan"', 6],
    ['grüße', 6],
    ['grusse', 0],
    ['subject:café', 6],
    ["don't", 6],
    ['from:nora', 15],
    ['from:jo@lee.example.net', 15],
    ['from:"Lee, Jo"', 15],
    ['to:dana', 10],
    ['cc:carla', 7],
    ['carla.rossi@office.example.com', 7],
    ['filename:report-1.pdf', 0],
    ['has:attachment', 8],
    ['"item 3"', 7],
    ['label:"project x" in:anywhere', 10],
  ])('finds the same for %s', async (text, atMost) => {
    const [google, microsoft] = await found(parseMailQuery(text, clock));
    expect(microsoft).toEqual(google);
    expect(google!.length).toBeLessThanOrEqual(atMost);
    expect(google!.length > 0).toBe(atMost > 0);
  });

  const word = fc.constantFrom('budget', 'plan', 'köln', 'item', 'nora', 'office', '2026', 'xyz');
  const leaf: fc.Arbitrary<MailQuery> = fc.oneof(
    fc.record({
      kind: fc.constant('text' as const),
      field: fc.constantFrom('any', 'from', 'to', 'cc', 'subject'),
      value: fc.oneof(word, fc.constant('budget plan'), fc.constant('item 1')),
    }),
    fc.record({
      kind: fc.constant('in' as const),
      folder: fc.constantFrom('inbox', 'archive', 'spam', 'trash', 'sent', 'anywhere'),
    }),
    fc.record({
      kind: fc.constant('is' as const),
      mark: fc.constantFrom('unread', 'read', 'starred'),
    }),
    fc.record({
      kind: fc.constantFrom('after' as const, 'before' as const),
      ms: fc.integer({ min: 0, max: 30 }).map((n) => nowMs - n * 7 * hourMs - 500),
    }),
    fc.constant<MailQuery>({ kind: 'hasAttachment' }),
    fc
      .constantFrom('Project X', 'project-x', 'none')
      .map((value) => ({ kind: 'label' as const, value })),
  );
  const { query } = fc.letrec<{ query: MailQuery }>((tie) => ({
    query: fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      leaf,
      fc.record({
        kind: fc.constantFrom('and' as const, 'or' as const),
        parts: fc.array(tie('query'), { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('not' as const), part: tie('query') }),
    ),
  }));

  it('finds the same for any query', async () => {
    let some = 0;
    await fc.assert(
      fc.asyncProperty(query, async (wanted) => {
        const [google, microsoft] = await found(wanted);
        expect(microsoft).toEqual(google);
        if (google!.length > 0) some += 1;
      }),
      { numRuns: 40, seed: 5 },
    );
    expect(some).toBeGreaterThan(10);
  });
});
