/** The world changes between approval and act: nothing is done, and the next card says what changed. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCalendarHandlers } from '#activities/calendar/effects.ts';
import { effectKeyOf } from '#activities/effects/digest.ts';
import { readEffect } from '#activities/effects/ledger.ts';
import { performEffect, type PerformDeps } from '#activities/effects/perform.ts';
import { prepareEffect } from '#activities/effects/prepare.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import type { PreparedEffect } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { approvalIdOf, type GoalId, goalWorkflowId } from '#contracts/names.ts';
import { type EffectToolName } from '#contracts/tools.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { decide, newGoalId, testKeys } from '../support/effects.ts';
import { stepContext } from './contexts.ts';
import { connectGoogle, type GoogleSetup } from './google-setup.ts';
import { askOracle, type EffectRow } from './sandbox-clients.ts';

let sandbox: Sandbox;
let google: GoogleSetup;
let database: TestDatabase;
let deps: PerformDeps;
let goalId: GoalId;
const keys = testKeys();
beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  google = connectGoogle(sandbox);
  database = await createTestDatabase();
  const handlers = [...createCalendarHandlers(google), ...createEmailHandlers(google)];
  deps = {
    pool: database.pool,
    ledgerKey: keys.ledgerKey,
    decisionPublicKey: keys.decisionPublicKey,
    unsignedDecisions: 'refuse',
    handlers: new Map(handlers.map((handler) => [handler.tool, handler])),
  };
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(() => {
  goalId = newGoalId();
});

const owner = () => sandbox.office.main.email;
const context = () => ({ ...stepContext(sandbox), goalId });
const prepare = (tool: EffectToolName, input: JsonObject, previousDigest?: string) =>
  prepareEffect(
    {
      pool: database.pool,
      directory: google.directory,
      accounts: google.accounts,
      handlers: deps.handlers,
    },
    {
      context: context(),
      tool,
      revision: previousDigest === undefined ? 1 : 2,
      input,
      taints: [],
      origins: [],
      goalText: '',
      policyVersion: 'p1',
      previousDigest,
    },
  );
async function perform(tool: EffectToolName, { digest }: PreparedEffect, revision = 1) {
  const approvalId = approvalIdOf(goalId, 'step', revision);
  await decide(database.pool, keys, { goalId, approvalId, digest, actor: owner() });
  const request = { context: context(), tool, revision, digest, mode: 'live' as const, approvalId };
  const more = { reconcileForMs: 60_000, reconcileOnly: false };
  return performEffect(deps, { ...request, ...more }, new AbortController().signal);
}
/** Effects the provider has seen for this goal's step, and the ledger's row of it. */
async function traces(revision = 1) {
  const key = effectKeyOf(keys.ledgerKey, goalWorkflowId(goalId), 'step', revision, 'do');
  const seen = await askOracle<EffectRow[]>(sandbox, 'effects');
  return [seen.filter((row) => row.key === key).length, await readEffect(database.pool, key)];
}
const refused = async (performing: Promise<unknown>, what: string) => {
  const failure = { type: 'PreconditionFailedError', nonRetryable: true };
  await expect(performing).rejects.toMatchObject({
    ...failure,
    message: expect.stringContaining(what),
  });
  expect(await traces()).toEqual([0, undefined]);
};

describe('creating an event', () => {
  let day = 10;
  let input: JsonObject;
  const busy = async (summary: string, start: string, end: string) => {
    const { calendar } = await google.clients(owner());
    const at = (time: string) => ({ dateTime: `${time}+02:00`, timeZone: 'Europe/Berlin' });
    const requestBody = { summary, start: at(start), end: at(end) };
    return (await calendar.events.insert({ calendarId: 'primary', requestBody })).data.id!;
  };
  const at = (time: string) => `2026-10-${day}T${time}:00`;
  beforeEach(() => {
    // A Saturday or Sunday evening of its own, where the office has nothing.
    day += 7;
    if (day > 25) day = 11;
    input = { title: 'Talk', start: at('21:00'), durationMinutes: 60, guests: [] };
  });

  it('is not done when something came in the way, and the next card names it (seen: 8)', async () => {
    const before = await prepare('createEvent', input);
    expect(before.card.warnings).toEqual([]);
    const id = await busy('Concert', at('21:30'), at('23:00'));
    await refused(perform('createEvent', before), 'Concert');
    const now = await prepare('createEvent', input, before.digest);
    expect(now.card.warnings).toEqual([expect.stringContaining('Concert')]);
    expect(now.difference).toEqual([
      { path: 'conflicts', before: [], after: [expect.objectContaining({ eventId: id })] },
    ]);
    // Approved with the conflict on the card: that is no change any more.
    expect(await perform('createEvent', now, 2)).toMatchObject({ outcome: 'confirmed' });
  });

  it('is done when what was in the way went away, and when only a neighbour came', async () => {
    const id = await busy('Concert', at('21:30'), at('22:00'));
    const prepared = await prepare('createEvent', input);
    expect(prepared.card.warnings).toHaveLength(1);
    const { calendar } = await google.clients(owner());
    await calendar.events.delete({ calendarId: 'primary', eventId: id });
    await busy('Before', at('20:00'), at('21:00'));
    await busy('After', at('22:00'), at('23:00'));
    expect(await perform('createEvent', prepared)).toMatchObject({ outcome: 'confirmed' });
  });

  it('looked at by a later attempt is not refused because of its own event', async () => {
    const prepared = await prepare('createEvent', input);
    const first = await perform('createEvent', prepared);
    const request = { context: context(), tool: 'createEvent' as const, revision: 1 };
    const again = await performEffect(
      deps,
      {
        ...request,
        digest: prepared.digest,
        mode: 'live',
        approvalId: approvalIdOf(goalId, 'step', 1),
        reconcileForMs: 60_000,
        reconcileOnly: false,
      },
      new AbortController().signal,
    );
    expect(again).toEqual(first);
  });
});

describe('answering a mail', () => {
  it('is not done when the thread has a newer mail than the approved answer knew (seen: 8)', async () => {
    const mailbox = await google.email(owner());
    const [asked] = (await mailbox.search({ kind: 'text', field: 'from', value: 'nora' }, 1))
      .messages;
    const to = asked!.from.email;
    const subject = `Re: ${asked!.subject.replace(/^Re: /, '')}`;
    const input = { to: [to], subject, body: 'Yes.', replyToMessageId: asked!.id };
    const before = await prepare('sendEmail', input);
    const lines = [
      `From: ${owner()}`,
      `To: ${to}`,
      `Subject: ${subject}`,
      `In-Reply-To: ${asked!.messageId}`,
      `References: ${asked!.messageId}`,
      '',
      'Written by hand meanwhile.',
    ];
    const mail = { raw: Buffer.from(lines.join('\r\n')), threadId: asked!.threadId };
    const { draftId } = await mailbox.createDraft(mail);
    await mailbox.sendDraft({ ...mail, draftId });
    await refused(perform('sendEmail', before), 'newer mail');
    const now = await prepare('sendEmail', input, before.digest);
    expect(now.difference!.map(({ path }) => path)).toEqual(['reply.threadHead']);
    expect(await perform('sendEmail', now, 2)).toMatchObject({ outcome: 'confirmed' });
  });
});
