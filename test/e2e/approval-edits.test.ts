/**
 * What a person edits while approving, on the real stack over the real api: it leaves exactly so, under
 * a digest of its own, with what was not edited as it was; an edit that reaches further is asked again.
 */
import PostalMime, { type Email } from 'postal-mime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval } from '#contracts/approval.ts';
import type { AuditEntry, EffectEntry } from '#contracts/audit.ts';
import type { JsonObject } from '#contracts/json.ts';
import { type OracleEffect, type Stack, startStack } from '#test/support/stack.ts';

const bob = 'bob.keller@office.example.com';
const dana = 'dana.whitfield@office.example.com';
const tom = 'tom.hughes@office.example.com';
const nora = 'nora.feld@acme.example.org';
let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack[Symbol.asyncDispose]());

type Edited = {
  readonly effects: readonly OracleEffect[];
  readonly entry: EffectEntry;
  readonly shown: Approval;
};

/** Starts a goal, edits its first approval, and reads what left and what the audit says of it. */
async function editing(goal: string, changes: JsonObject): Promise<Edited> {
  const before = (await stack.effects()).length;
  const goalId = await stack.goal(goal);
  const shown = await stack.approval(goalId);
  const input = { ...shown.input, ...changes };
  const answer = await stack.decide(shown, { verdict: 'edit', input });
  expect(answer).toMatchObject({ status: 200, body: { outcome: 'applied' } });
  expect((await stack.ended(goalId)).state).toBe('completed');
  return { effects: (await stack.effects()).slice(before), entry: await entryOf(goalId), shown };
}

async function entryOf(goalId: string): Promise<EffectEntry> {
  const { body } = await stack.api(`/v1/goals/${goalId}/audit`);
  const entries = (body['entries'] as unknown as { entry: AuditEntry }[]).map(({ entry }) => entry);
  expect(entries.map(({ kind }) => kind)).toEqual(['decision', 'effect']);
  return entries[1] as EffectEntry;
}

/** The mail that went over the wire, of the one send there was. */
async function mailOf(effects: readonly OracleEffect[]): Promise<Email> {
  const counted = effects.map(({ operation, count }) => `${operation} ${count}`);
  expect(counted).toEqual(['drafts.create 1', 'drafts.send 1']);
  return PostalMime.parse(String(effects[1]!.raw));
}
const addresses = (list: Email['to']) => (list ?? []).map(({ address }) => address);
const textOf = ({ text = '' }: Email) => text.replaceAll('\r\n', '\n');

describe('a mail', () => {
  test('leaves to whom, about what and in the words that were edited, and no others', async () => {
    const { effects, entry, shown } = await editing('Write to Bob that I am late', {
      to: [dana],
      cc: [tom],
      subject: 'Übermorgen',
      body: 'Grüße.\nBis später.',
    });
    const mail = await mailOf(effects);
    expect([addresses(mail.to), addresses(mail.cc), addresses(mail.bcc)]).toEqual([
      [dana],
      [tom],
      [],
    ]);
    expect(mail.subject).toBe('Übermorgen');
    expect(textOf(mail)).toMatch(/^Grüße\.\nBis später\.\s*$/);
    expect(entry.digest).not.toBe(shown.digest);
    expect(entry.approvalId).toBe(shown.approvalId);
    expect(entry.difference.map(({ path }) => path.split(/[.[]/)[0])).toEqual(
      expect.arrayContaining(['to', 'cc', 'subject', 'body']),
    );
  });

  test('that answers stays in its thread, above the quoted mail, whoever it goes to', async () => {
    const { effects, shown } = await editing("Reply to Dana's last mail that I agree", {
      to: [tom],
      cc: [],
      subject: 'Only you',
      body: 'Between us: yes.',
    });
    const mail = await mailOf(effects);
    expect([addresses(mail.to), addresses(mail.cc), mail.subject]).toEqual([[tom], [], 'Only you']);
    const answers = shown.card.lines.find(({ label }) => label === 'Answers');
    expect(mail.inReplyTo).toBe(answers?.value);
    expect(answers?.origin).toMatch(/Dana/);
    expect(textOf(mail)).toMatch(/^Between us: yes\.\n[\s\S]*wrote:\n> /);
  });

  test('that is forwarded keeps its file byte by byte', async () => {
    const { effects, entry, shown } = await editing("Forward Maria's last mail to Bob", {
      to: [tom],
      subject: 'Fwd: for you',
      body: 'See the file.',
    });
    const mail = await mailOf(effects);
    expect([addresses(mail.to), mail.subject]).toEqual([[tom], 'Fwd: for you']);
    expect(textOf(mail)).toMatch(/^See the file\.\n[\s\S]*Forwarded message/);
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['budget-draft.csv']);
    expect(Buffer.from(mail.attachments[0]!.content as ArrayBuffer).toString()).toBe(
      'item,eur\ntraining,12000\ntravel,8400\ntools,15300\n',
    );
    expect(shown.card.lines.find(({ label }) => label === 'Attachments')?.value).toMatch(
      /^budget-draft\.csv \(/,
    );
    const changed = entry.difference.map(({ path }) => path.split(/[.[]/)[0]);
    expect(changed).not.toContain('attachments');
  });
});

describe('an edit', () => {
  test('that reaches somebody outside where nobody was told is asked again, and says why', async () => {
    const goalId = await stack.goal('Block one hour next Tuesday at 19:00 for taxes');
    const shown = await stack.approval(goalId);
    expect(shown.tier).toBe(2);
    const input = { ...shown.input, guests: [nora] };
    expect(await stack.decide(shown, { verdict: 'edit', input })).toMatchObject({ status: 200 });
    const isAnother = ({ approvalId }: Approval) => approvalId !== shown.approvalId;
    const view = await stack.until(goalId, (seen) => seen.pendingApprovals.some(isAnother));
    const again = view.pendingApprovals.find(isAnother)!;
    expect([again.tier, again.digest === shown.digest]).toEqual([3, false]);
    expect(again.reasons).toEqual(
      expect.arrayContaining([
        'Your edit raises the tier from 2 to 3.',
        `Outside your organisation: ${nora}.`,
        `Not in your directory and not named by you: ${nora}.`,
      ]),
    );
    expect(again.card.warnings).toContain(`Outside your organisation: ${nora}.`);
    const before = (await stack.effects()).length;
    await stack.decide(again, { verdict: 'reject' });
    await stack.ended(goalId);
    expect((await stack.effects()).slice(before)).toEqual([]);
  });

  test('to more than ten people, one of them outside, is of the highest tier', async () => {
    const many = Array.from({ length: 10 }, (_, index) => `guest${index}@office.example.com`);
    const goalId = await stack.goal("Reply to Dana's last mail that I agree");
    const shown = await stack.approval(goalId);
    expect(shown.context).not.toEqual([]);
    const input = { ...shown.input, to: [bob], cc: [...many, nora] };
    await stack.decide(shown, { verdict: 'edit', input });
    const isAnother = ({ approvalId }: Approval) => approvalId !== shown.approvalId;
    const view = await stack.until(goalId, (seen) => seen.pendingApprovals.some(isAnother));
    const again = view.pendingApprovals.find(isAnother)!;
    expect(again.tier).toBe(4);
    expect(again.context).toEqual(shown.context);
    expect(again.reasons.join(' ')).toMatch(/More than 10 recipients.*Outside your organisation/);
    await stack.decide(again, { verdict: 'reject' });
    await stack.ended(goalId);
  });

  test('that is no valid input changes nothing, and the request still waits', async () => {
    const goalId = await stack.goal('Write to Bob that I am ill');
    const shown = await stack.approval(goalId);
    const input = { ...shown.input, to: ['nobody'] };
    const answer = await stack.decide(shown, { verdict: 'edit', input });
    expect(answer.status).toBe(422);
    expect((await stack.view(goalId)).pendingApprovals).toMatchObject([{ state: 'pending' }]);
    await stack.decide(shown, { verdict: 'reject' });
    await stack.ended(goalId);
  });
});
