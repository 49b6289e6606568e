/**
 * Storing a draft and taking it away again, each met by every fault, on both vendors: it is that draft
 * and no other that goes. Driven as the gateway drives it: an attempt that follows another looks first.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { failures } from '#contracts/failures.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { EffectHandler } from '#activities/effects/handler.ts';
import { createEmailHandlers } from '#activities/email/effects.ts';
import type { EmailPort } from '#activities/email/port.ts';
import { failureTypeOf } from '#activities/failures.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { effectContext, effectKey, stepContext } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft } from './microsoft-setup.ts';
import { askOracle, type EffectRow, setFault } from './sandbox-clients.ts';
import { faults, lateMs, patienceMs } from './twelve-faults.ts';

/** Faults in which a second draft may come to lie unsent beside the one that is sent. */
const mayStoreTwice = ['delivered twice', 'done after nobody waited any more'];

/** What a person does to a draft. */
const edits: Readonly<Record<string, [RegExp, string]>> = {
  text: [/Best/, 'I will, on Friday.\r\n\r\nBest'],
  recipients: [/^To: .*$/m, 'To: somebody.else@example.org'],
};

/** What differs between the vendors: people, and the path on which a draft is stored. */
const vendors = [
  {
    vendor: 'Google',
    owner: 'alex.morgan@office.example.com',
    colleague: 'bob.keller@office.example.com',
    connect: connectGoogle,
    knobs: {},
    store: '/drafts$',
  },
  ...(['kept', 'replaced'] as const).map((messageIds) => ({
    vendor: `Microsoft, Message-IDs ${messageIds} and sent copies late`,
    owner: 'carla.rossi@office.example.com',
    colleague: 'dana.whitfield@office.example.com',
    connect: connectMicrosoft,
    knobs: { messageIds, sentCopyLagMs: 5_000 },
    store: '/me/messages$',
  })),
] as const;

describe.each(vendors)('$vendor', ({ owner, colleague, connect, knobs, store }) => {
  let clockMs = Date.parse('2026-10-07T08:00:00Z');
  let sandbox: Sandbox;
  let mailbox: EmailPort;
  let handlers: EffectHandler[];
  let violations: string[];

  beforeAll(async () => {
    sandbox = await startSandbox({ now: () => new Date(clockMs) });
    Object.assign(sandbox.office.knobs, knobs);
    const setup = connect(sandbox, { timeoutMs: patienceMs });
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

  it.each(['text', 'recipients'])('keeps a draft whose %s somebody has worked on', async (what) => {
    const body =
      'See https://example.org/a?b=c&d and www.example.org.\n\n* one < two\n> three\n\nBest';
    const undo = handlerOf('createDraft').undo!;
    const context = effectContext(stepContext(sandbox, owner), `worked on ${what}`);
    const subject = `Worked on: ${what} – höher`;
    const payload = await prepare('createDraft', subject, { body, cc: [], bcc: [owner] });
    const receipt = await perform('createDraft', payload, `keep ${what}`);
    const { messages } = sandbox.office.mailbox(owner);
    const stored = Object.values(messages).find(({ raw }) =>
      Buffer.from(raw, 'base64').includes(effectKey(`keep ${what}`)),
    )!;
    const written = stored.raw;
    const edited = Buffer.from(written, 'base64')
      .toString()
      .replace(...edits[what]!);
    messages[stored.id] = { ...stored, raw: Buffer.from(edited).toString('base64') };
    await expect(undo(payload, receipt, context)).rejects.toThrow(/was edited since/);
    expect(await mailbox.draft(receipt['draftId'] as string)).not.toBeNull();
    messages[stored.id] = { ...stored, raw: written };
    await undo(payload, receipt, context);
    expect(await mailbox.draft(receipt['draftId'] as string)).toBeNull();
  });

  describe.each(Object.entries(faults))('%s', (name, fault) => {
    const inject = (pathRegex: string) => setFault(sandbox, { match: { pathRegex }, ...fault });
    const settled = () => (name.startsWith('done after') ? sleep(lateMs) : undefined);

    it('stores a draft once, and takes away that draft and nothing else', async () => {
      const subject = `draft ${name}`;
      const payload = await prepare('createDraft', subject);
      await inject(store);
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
  });
});
