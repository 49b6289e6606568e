/** The real api on a real port, in this process, so that all stamps are of one clock. */
import type { Pool } from 'pg';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createTokenAuth } from '#api/auth.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createMemberStore } from '#api/members/member-store.ts';
import { createFileKeeper } from '#api/mail/document-store.ts';
import { createStyleStore } from '#api/mail/style-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { createTriageStore } from '#api/triage/triage-store.ts';
import { createUsageStore } from '#api/usage/usage-store.ts';
import { buildServer } from '#api/server.ts';
import { owner } from '../support/effects.ts';
import { accountParts } from '../support/accounts.ts';
import { eventParts } from '../support/events.ts';
import type { BenchStack } from './bench-stack.ts';

const token = 'token-of-the-benchmark';

/** An api that answers. */
export type BenchApi = AsyncDisposable & {
  /** Sends a request as the owner and reads the whole answer. @throws Error when it is no success */
  request(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown>;
};

/** Starts the api over the goals of `stack`. */
export async function startBenchApi(stack: BenchStack, pool: Pool): Promise<BenchApi> {
  const app = await buildServer({
    authenticate: createTokenAuth([{ token, principal: { owner, actor: owner } }]),
    goals: createGoalStore(pool),
    approvals: createApprovalStore(pool),
    people: createPeopleStore(pool),
    members: createMemberStore(pool),
    rules: createRuleStore(pool),
    triage: createTriageStore(pool),
    files: createFileKeeper(pool),
    style: createStyleStore(pool),
    usage: createUsageStore(pool, {}),
    ...eventParts(pool),
    ...accountParts(pool),
    goalClient: createGoalClient({ client: stack.client, queuePrefix: stack.queuePrefix }),
    signDecision: (decision) => ({
      ...decision,
      signature: stack.keys.sign(decision)['signature'] as string,
    }),
    defaultZone: 'Europe/Berlin',
    checkPostgres: () => Promise.resolve(),
    renderMetrics: () => Promise.resolve(''),
    version: 'bench',
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    async request(method, path, body) {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`the api answered ${answer.status}: ${text}`);
      return JSON.parse(text) as unknown;
    },
    [Symbol.asyncDispose]: () => app.close(),
  };
}
