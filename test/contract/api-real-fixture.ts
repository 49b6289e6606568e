/** The api on real workflows, with members who have a token each. */
import type { FastifyInstance } from 'fastify';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createTokenAuth, firstOf } from '#api/auth.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import { createGoalClient } from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createMemberAuth, createMemberStore } from '#api/members/member-store.ts';
import { createFileKeeper } from '#api/mail/document-store.ts';
import { createStyleStore } from '#api/mail/style-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { createTriageStore } from '#api/triage/triage-store.ts';
import { createUsageStore } from '#api/usage/usage-store.ts';
import { buildServer } from '#api/server.ts';
import type { Approval } from '#contracts/approval.ts';
import { owner } from '../support/effects.ts';
import { accountParts } from '../support/accounts.ts';
import { eventParts } from '../support/events.ts';
import { GoalBench } from '../support/goals.ts';

const ownersToken = 'token-of-the-owner-1';

/** A listening-free api over a bench of real goals. */
export class RealApi implements AsyncDisposable {
  readonly bench: GoalBench;
  readonly #app: FastifyInstance;

  private constructor(bench: GoalBench, app: FastifyInstance) {
    this.bench = bench;
    this.#app = app;
  }

  static async start(): Promise<RealApi> {
    const bench = await GoalBench.start();
    const { pool } = bench.database;
    const members = createMemberStore(pool);
    const entry = { token: ownersToken, principal: { owner, actor: owner } };
    const app = await buildServer({
      authenticate: firstOf(createTokenAuth([entry]), createMemberAuth(members)),
      goals: createGoalStore(pool),
      approvals: createApprovalStore(pool),
      people: createPeopleStore(pool),
      ...eventParts(pool),
      ...accountParts(pool),
      members,
      rules: createRuleStore(pool),
      triage: createTriageStore(pool),
      files: createFileKeeper(pool),
      style: createStyleStore(pool),
      usage: createUsageStore(pool, {}),
      goalClient: createGoalClient({ client: bench.client, queuePrefix: bench.prefix }),
      signDecision: (decision) => bench.keys.sign(decision) as never,
      sendDelayMs: 0,
      defaultZone: 'Europe/Berlin',
      checkPostgres: async () => undefined,
      renderMetrics: async () => '',
      version: 'test',
    });
    return new RealApi(bench, app);
  }

  /** One request; as the owner unless a token is given. */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload?: object,
    headers: Record<string, string> = {},
    token: string = ownersToken,
  ) {
    const answer = await this.#app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(payload === undefined ? {} : { payload }),
    });
    return { status: answer.statusCode, body: answer.json() };
  }

  /** Adds a member and returns their token. */
  async member(email: string, ...roles: string[]): Promise<string> {
    await this.call('PUT', `/v1/members/${email}`, { name: email, roles });
    return (await this.call('POST', `/v1/members/${email}/token`)).body.token;
  }

  /** Starts a goal, waits until it needs a person, and returns it with its approval. */
  async waiting(policy: object = {}): Promise<{ id: string; approval: Approval }> {
    const payload = { goal: 'Say hi to bob@office.example.com', policy };
    const { body } = await this.call('POST', '/v1/goals', payload, { prefer: 'wait=20' });
    const queue = await this.call('GET', `/v1/approvals?state=pending&goalId=${body.id}`);
    return { id: body.id, approval: queue.body.approvals[0] };
  }

  /** Decides with the digest of the approval, approving unless told otherwise. */
  decide({ approvalId, digest }: Approval, decision: object = {}, token?: string) {
    const body = { digest, verdict: 'approve', ...decision };
    return this.call('POST', `/v1/approvals/${approvalId}/decision`, body, {}, token);
  }

  async goal(id: string) {
    return (await this.call('GET', `/v1/goals/${id}`)).body;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close();
    await this.bench[Symbol.asyncDispose]();
  }
}
