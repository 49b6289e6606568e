/**
 * Every write of the mailbox met by every fault, on both vendors: whatever becomes of an answer, a mail
 * leaves once, and an outcome is known or said not to be. Driven as the gateway drives it: an attempt
 * that follows another looks first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failures } from '#contracts/failures.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import type { EmailPort, MessageChange } from '#activities/email/port.ts';
import { failureTypeOf } from '#activities/failures.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectContext, effectKey, stepContext } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft } from './microsoft-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';

const timeoutMs = 500;
/** Longer than a call is waited for; the request is acted on all the same. */
const delayMs = 900;

const html = { headers: { 'content-type': 'text/html' }, body: '<html>Sign in</html>' };
const faults: Readonly<Record<string, object>> = {
  'lost before it arrived': { action: 'drop_before' },
  'lost after it was done': { action: 'drop_after_commit' },
  'delivered twice': { action: 'duplicate' },
  'done after nobody waited any more': { action: 'delay', delayMs },
  'answered in part': { action: 'truncate' },
  'answered by a page': { action: 'status', status: 200, ...html },
  'refused with 408': { action: 'status', status: 408 },
  'refused with 429': { action: 'status', status: 429, headers: { 'retry-after': '1' } },
  'refused with 500': { action: 'status', status: 500 },
  'refused with 502': { action: 'status', status: 502, ...html },
  'refused with 503': { action: 'status', status: 503 },
  'refused with 504': { action: 'status', status: 504, headers: { 'retry-after': '1' } },
};
/** Faults in which a second draft may come to lie unsent beside the one that is sent. */
const mayStoreTwice = ['delivered twice', 'done after nobody waited any more'];

/** What differs between the vendors: people, and the paths that faults are set on. */
const vendors = [
  {
    vendor: 'Google',
    owner: 'alex.morgan@office.example.com',
    colleague: 'bob.keller@office.example.com',
    connect: connectGoogle,
    knobs: {},
    paths: { store: '/drafts$', answer: '/drafts$', send: '/drafts/send$', mark: '/modify$' },
  },
  ...(['kept', 'replaced'] as const).map((messageIds) => ({
    vendor: `Microsoft, Message-IDs ${messageIds} and sent copies late`,
    owner: 'carla.rossi@office.example.com',
    colleague: 'dana.whitfield@office.example.com',
    connect: connectMicrosoft,
    knobs: { messageIds, sentCopyLagMs: 5_000 },
    paths: {
      store: '/me/messages$',
      answer: '/createReply$',
      send: '/send$',
      mark: '/me/messages/[^/]+$',
    },
  })),
] as const;

describe.each(vendors)('$vendor', ({ owner, colleague, connect, knobs, paths }) => {
  let clockMs = Date.parse('2026-10-07T08:00:00Z');
  let sandbox: Sandbox;
  let mailbox: EmailPort;
  let handlers: EffectHandler[];
  let violations: string[];

  beforeAll(async () => {
    sandbox = await startSandbox({ now: () => new Date(clockMs) });
    Object.assign(sandbox.office.knobs, knobs);
    const setup = connect(sandbox, { timeoutMs });
    ({ violations } = setup);
    mailbox = await setup.email(owner);
    // Directory, files and signatures are no vendor's.
    handlers = createEmailHandlers({ ...connectGoogle(sandbox), ...setup });
  });
  afterAll(async () => sandbox[Symbol.asyncDispose]());
  afterEach(async () => {
    await fetch(`${sandbox.oracleUrl}/__faults`, { method: 'DELETE' });
    // The page that a fault puts in place of an empty answer is nobody's but the fault's.
    const own = (violation: string) => !violation.endsWith('an answer where the contract has none');
    expect(violations.splice(0).filter(own)).toEqual([]);
  });

  const handlerOf = (tool: string) => handlers.find((handler) => handler.tool === tool)!;
  const countsOf = async (name: string) => {
    const rows = await askOracle<EffectRow[]>(sandbox, 'effects');
    const own = rows.filter(({ key }) => key === effectKey(name));
    return Object.fromEntries(own.map(({ operation, count }) => [operation, count]));
  };
  /** Mails of that subject that lie in a mailbox, drafts and trash apart. */
  const copies = (email: string, subject: string) =>
    Object.values(sandbox.office.mailbox(email).messages).filter(
      ({ raw, labelIds }) =>
        Buffer.from(raw, 'base64').includes(`Subject: ${subject}\r\n`) &&
        !labelIds.includes('DRAFT') &&
        !labelIds.includes('TRASH'),
    ).length;

  /** Works until it works, as Temporal would; a failure for good is thrown. */
  const untilDone = async <Result>(work: () => Promise<Result | undefined>): Promise<Result> => {
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      try {
        const result = await work();
        if (result !== undefined) return result;
      } catch (error) {
        const type = failureTypeOf(error);
        if (type !== undefined && failures[type].category === 'permanent') throw error;
      }
      clockMs += 2_000;
    }
    throw new Error('It never came to an end.');
  };
  /** One effect through all its attempts, as perform.ts makes them. */
  const perform = (tool: string, payload: JsonObject, name: string): Promise<JsonObject> => {
    const handler = handlerOf(tool);
    const step = stepContext(sandbox, owner);
    let ref: string | null = null;
    let begun = false;
    return untilDone(async () => {
      const context = effectContext(step, name, ref);
      try {
        if (begun) {
          const found = await handler.reconcile(payload, context);
          if (found.found === 'done') return found.receipt;
          if (found.found === 'unknown') return undefined;
        }
        begun = true;
        return await handler.perform(payload, { ...context, providerRef: context.saved[0] ?? ref });
      } finally {
        ref = context.saved.at(-1) ?? ref;
      }
    });
  };
  const prepare = async (tool: string, subject: string, more: JsonObject = {}) => {
    const input = { to: [colleague], subject, body: 'Hello', ...more };
    return (await handlerOf(tool).prepare(stepContext(sandbox, owner), input)).payload;
  };

  describe.each(Object.entries(faults))('%s', (name, fault) => {
    const inject = (pathRegex: string) => setFault(sandbox, { match: { pathRegex }, ...fault });
    const settled = () => (name.startsWith('done after') ? sleep(delayMs) : undefined);

    it.each(['store', 'send'] as const)('sends a mail once (%s)', async (step) => {
      const subject = `${step} ${name}`;
      const payload = await prepare('sendEmail', subject);
      await inject(paths[step]);
      await perform('sendEmail', payload, subject);
      await settled();
      const counts = await countsOf(subject);
      expect(counts['drafts.send']).toBe(1);
      expect(counts['messages.send']).toBeUndefined();
      const storedMax = step === 'store' && mayStoreTwice.includes(name) ? 2 : 1;
      expect(counts['drafts.create']).toBeLessThanOrEqual(storedMax);
      expect([copies(owner, subject), copies(colleague, subject)]).toEqual([1, 1]);
    });

    it('answers a mail once', async () => {
      const first = await perform('sendEmail', await prepare('sendEmail', `ask ${name}`), name);
      clockMs += 10_000;
      const more = { replyToMessageId: first['messageId'] as string };
      const subject = `Re: ask ${name}`;
      const payload = await prepare('sendEmail', subject, more);
      await inject(paths.answer);
      const answer = await perform('sendEmail', payload, subject);
      await settled();
      expect(answer['threadId']).toBe(first['threadId']);
      expect((await countsOf(subject))['drafts.send']).toBe(1);
      expect(copies(colleague, subject)).toBe(1);
    });

    it('stores a draft once, and takes away that draft and nothing else', async () => {
      const subject = `draft ${name}`;
      const payload = await prepare('createDraft', subject);
      await inject(paths.store);
      const receipt = await perform('createDraft', payload, subject);
      await settled();
      const storedMax = mayStoreTwice.includes(name) ? 2 : 1;
      expect((await countsOf(subject))['drafts.create']).toBeLessThanOrEqual(storedMax);
      const draftId = receipt['draftId'] as string;
      expect(await mailbox.draft(draftId)).not.toBeNull();
      await setFault(sandbox, { match: { method: 'DELETE' }, ...fault });
      const undo = handlerOf('createDraft').undo!;
      const context = effectContext(stepContext(sandbox, owner), `${subject} undo`);
      await untilDone(() => undo(payload, receipt, context));
      await settled();
      expect(await mailbox.draft(draftId)).toBeNull();
    });

    it('marks a mail as asked', async () => {
      const { messages } = await mailbox.search({ kind: 'in', folder: 'inbox' }, 1);
      const [mail] = messages;
      const change: MessageChange = { addLabels: [name], unread: mail?.unread === false };
      await inject(paths.mark);
      const marked = await untilDone(() => mailbox.changeMessage(mail!.id, change));
      expect(marked).toMatchObject({ id: mail!.id, unread: change.unread });
      expect(marked.labels).toContain(name);
      await settled();
      expect(await mailbox.message(mail!.id)).toEqual(marked);
    });
  });
});
