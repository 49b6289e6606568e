/**
 * `mailbox`: a triage of what came into a mailbox of 50,000 messages, on both providers, with the
 * product's connectors on the sandbox's wire. Requests to the provider are counted; the model answers
 * in this process and costs nothing.
 */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Pool } from 'pg';
import type { StepContext } from '#contracts/activities.ts';
import type { GoalId } from '#contracts/names.ts';
import type { Accounts } from '#activities/accounts.ts';
import { createGuardedFetch } from '#activities/egress.ts';
import type { EmailPortOf } from '#activities/email/port.ts';
import type { ModelClient } from '#activities/planner/model.ts';
import { createTriageActivities } from '#activities/triage/activities.ts';
import { createTriageStore } from '#activities/triage/store.ts';
import { bringMail, fillMailbox } from '#infra/sandbox/office/fill-mailbox.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGoogle } from '../contract/google-setup.ts';
import { connectMicrosoft } from '../contract/microsoft-setup.ts';
import type { Row } from './measurement.ts';

const messages = 50_000;
const arriving = 500;
const timeoutMs = 60_000;
/** Pages smaller than the greatest the provider would give, and one look whether there is more. */
const slack = 10;
const usage = { responseId: 'r', model: 'none', inputTokens: 0, outputTokens: 0 };

/** A mailbox at one provider, with a count of the requests made for it. */
type Arm = {
  readonly provider: string;
  readonly owner: string;
  readonly email: EmailPortOf;
  readonly accounts: Accounts;
  readonly requests: () => number;
  /** The least that the provider's interface allows, and why. */
  readonly least: { readonly requests: number; readonly why: string };
};

/** Measures both providers. */
export async function measureMailbox(pool: Pool): Promise<Row[]> {
  await using sandbox = await startSandbox();
  const rows: Row[] = [];
  for (const arm of [googleArm(sandbox), microsoftArm(sandbox)]) {
    rows.push(...(await measureArm(pool, sandbox, arm)));
  }
  return rows;
}

function googleArm(sandbox: Sandbox): Arm {
  const guarded = createGuardedFetch('sandbox');
  let count = 0;
  const fetch: typeof globalThis.fetch = (input, init) => {
    count += 1;
    return guarded(input, init);
  };
  const { email, accounts } = connectGoogle(sandbox, { fetch, timeoutMs });
  return {
    provider: 'google',
    owner: sandbox.office.main.email,
    email,
    accounts,
    requests: () => count,
    least: { requests: 1 + arriving, why: 'one page of history, one read a message (no batches)' },
  };
}

function microsoftArm(sandbox: Sandbox): Arm {
  const { email, accounts, requests } = connectMicrosoft(sandbox, { timeoutMs });
  const owner = sandbox.office.people.find(({ vendor }) => vendor === 'microsoft')?.email ?? '';
  return {
    provider: 'microsoft',
    owner,
    email,
    accounts,
    requests: () => requests.length,
    least: { requests: 1 + arriving / 20, why: 'one page of changes, reads in batches of 20' },
  };
}

async function measureArm(
  pool: Pool,
  { office }: Sandbox,
  { provider, owner, email, accounts, requests, least }: Arm,
): Promise<Row[]> {
  const triage = createTriageStore(pool);
  const activities = createTriageActivities({ email, accounts, triage, model: everythingIsNews });
  const goalId = `bench${provider}`.padEnd(26, '0') as GoalId;
  const now = new Date().toISOString();
  const context: StepContext = { goalId, owner, zone: 'UTC', stepId: 'triage', now };
  const run = <T>(work: () => Promise<T>): Promise<T> =>
    new MockActivityEnvironment().run(work) as Promise<T>;
  const sync = () => run(() => activities.syncMail({ context, account: null, limit: arriving }));
  const classifyAll = async (name: string) => {
    const found = new Set<string>();
    for (let call = 1; ; call += 1) {
      const request = {
        context,
        accounts: [owner],
        batch: `${goalId}:${name}:${call}`,
        limit: arriving,
      };
      const { mails } = await run(() => activities.classifyMail(request));
      if (mails.length === 0) return found;
      for (const { messageId } of mails) found.add(messageId);
    }
  };
  fillMailbox(office, owner, { messages, seed: 1 });
  await sync();
  await classifyAll('before');
  const fresh = bringMail(office, owner, { messages: arriving, seed: 2 });
  const before = { requests: requests(), heap: process.memoryUsage().heapUsed };
  const memory = watchMemory(before.heap);
  const startedAt = performance.now();
  await sync();
  const syncedAt = performance.now();
  const classified = await classifyAll('after');
  const tookMs = performance.now() - startedAt;
  const grownMiB = memory.stop() / 2 ** 20;
  const made = requests() - before.requests;
  const again = requests();
  const second = await sync();
  const inbox = fresh.length;
  return [
    {
      id: 'mailbox',
      what: `${provider}: ${arriving} new mails in ${messages}, requests a mail`,
      measured: `${(made / arriving).toFixed(3)} (${made} requests; least ${(least.requests / arriving).toFixed(3)}: ${least.why}); none new: ${requests() - again} requests`,
      goal: `≤ ${((least.requests + slack) / arriving).toFixed(3)}`,
      holds: made <= least.requests + slack,
    },
    {
      id: 'mailbox',
      what: `${provider}: classified once each`,
      measured: `${classified.size} of ${inbox}, ${second.waiting} left`,
      goal: `${inbox}, 0 left`,
      holds: classified.size === inbox && second.waiting === 0,
    },
    {
      id: 'mailbox',
      what: `${provider}: time and memory`,
      measured: `${(tookMs / 1_000).toFixed(1)} s (${((syncedAt - startedAt) / 1_000).toFixed(1)} s of it taking up), heap grew by at most ${grownMiB.toFixed(0)} MiB, the sandbox's part included`,
      goal: '',
    },
  ];
}

/** The most the heap grew above `baseline`, looked at every 50 ms. */
function watchMemory(baseline: number): { stop(): number } {
  let most = 0;
  const look = () => {
    most = Math.max(most, process.memoryUsage().heapUsed - baseline);
  };
  const timer = setInterval(look, 50);
  return {
    stop() {
      look();
      clearInterval(timer);
      return most;
    },
  };
}

const everythingIsNews: ModelClient = {
  askModel: ({ schema, data }) => {
    const { mails } = data as { mails: readonly { number: number }[] };
    const verdicts = mails.map(({ number }) => ({
      number,
      class: 'fyi',
      reason: 'It tells you something.',
      confidence: 1,
      summary: null,
    }));
    return Promise.resolve({ value: schema.parse({ mails: verdicts }), usage });
  },
};
