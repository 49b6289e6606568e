/** The api on a real database with a stand-in for Temporal, and two people with a token each. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import type { RunAccountRequest } from '#api/accounts/account-requests.ts';
import { createApprovalStore } from '#api/approvals/approval-store.ts';
import { createDecisionSigner } from '#api/approvals/decision-signature.ts';
import { createTokenAuth, firstOf } from '#api/auth.ts';
import { createPeopleStore } from '#api/directory/people-store.ts';
import { UnavailableError } from '#api/errors.ts';
import type {
  AnswerOutcome,
  ControlSignal,
  GoalClient,
  NoOutcome,
  SignedDecision,
} from '#api/goal-client.ts';
import { createGoalStore } from '#api/goals/goal-store.ts';
import { createMemberAuth, createMemberStore } from '#api/members/member-store.ts';
import { createFileKeeper } from '#api/mail/document-store.ts';
import { createStyleStore } from '#api/mail/style-store.ts';
import { createRuleStore } from '#api/rules/rule-store.ts';
import { createTriageStore } from '#api/triage/triage-store.ts';
import { createUsageStore } from '#api/usage/usage-store.ts';
import { buildServer } from '#api/server.ts';
import type { Approval, DecisionOutcome } from '#contracts/approval.ts';
import type { AnchorHistory } from '#contracts/audit.ts';
import type { AccountDetails } from '#contracts/failures.ts';
import type { ControlOutcome, GoalView } from '#contracts/goal.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { GoalId } from '#contracts/names.ts';
import type { GoalWorkflowInput } from '#contracts/workflows.ts';
import { targetOf } from '#contracts/standing-rule.ts';
import { alice, approvalOf, bob, viewOf } from './api-samples.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { accountParts } from '../support/accounts.ts';
import { eventParts } from '../support/events.ts';

export { alice, approvalOf, bob, digest, tone, viewOf } from './api-samples.ts';

export const tokens = { [alice]: 'token-of-alice-0001', [bob]: 'token-of-bob-000001' };

/** The answer of a control signal that was taken. */
export const takenControl: ControlOutcome = {
  applied: true,
  code: 'applied',
  message: 'Done.',
  problems: [],
};

/** Stands in for Temporal: what it is told is recorded, what it answers is set by the test. */
export class FakeGoalClient implements GoalClient {
  listEndedFromOutside(): Promise<[]> {
    return Promise.resolve([]);
  }

  isOpen(): Promise<boolean> {
    return Promise.resolve(true);
  }

  down = false;
  /** Text of a goal that is refused for good. */
  refuses = '';
  started: GoalWorkflowInput[] = [];
  views = new Map<string, GoalView>();
  approvals = new Map<string, Approval>();
  decisions: SignedDecision[] = [];
  outcomes = new Map<string, DecisionOutcome>();
  cancelled: string[] = [];
  onCancel: () => Promise<void> = async () => undefined;
  controls: { goalId: GoalId; signal: ControlSignal; message: JsonObject }[] = [];
  controlOutcome: ControlOutcome | NoOutcome = takenControl;
  /** Does the work on accounts; a test says how. */
  accountRequest: RunAccountRequest = async () => ({ account: null, leftToDo: null });
  reconnected: ({ goalId: GoalId } & Partial<AccountDetails>)[] = [];
  answerOutcome: AnswerOutcome | NoOutcome = { applied: true, message: 'Answered.' };
  nextOutcome: ((decision: SignedDecision) => DecisionOutcome | NoOutcome) | null = null;
  open = true;
  histories: AnchorHistory[] = [];

  reach(): void {
    if (this.down) throw new UnavailableError('Temporal');
  }
  async start(input: GoalWorkflowInput) {
    this.reach();
    if (input.goal === this.refuses) throw new Error('refused');
    if (!this.started.some(({ goalId }) => goalId === input.goalId)) this.started.push(input);
  }
  async getRetries() {
    return [];
  }
  async getGoal(goalId: GoalId) {
    return this.down ? null : (this.views.get(goalId) ?? null);
  }
  async getApproval(_goalId: GoalId, approvalId: string) {
    return this.down ? null : (this.approvals.get(approvalId) ?? null);
  }
  async getDecision(_goalId: GoalId, decisionId: string) {
    return this.outcomes.get(decisionId) ?? null;
  }
  async decide(_goalId: GoalId, decision: SignedDecision) {
    this.reach();
    this.decisions.push(decision);
    const outcome = this.nextOutcome?.(decision) ?? applied(decision);
    if (typeof outcome !== 'string') this.outcomes.set(decision.decisionId, outcome);
    return outcome;
  }
  async answer() {
    this.reach();
    return this.answerOutcome;
  }
  async control(goalId: GoalId, signal: ControlSignal, message: JsonObject) {
    this.reach();
    this.controls.push({ goalId, signal, message });
    return this.controlOutcome;
  }
  async accountReconnected(goalId: GoalId, asked: Partial<AccountDetails>) {
    this.reach();
    this.reconnected.push({ goalId, ...asked });
    return this.open;
  }
  async cancel(goalId: GoalId) {
    this.reach();
    await this.onCancel();
    if (this.open) this.cancelled.push(goalId);
    return this.open;
  }
  async anchors() {
    this.reach();
    return { histories: this.histories, nextCursor: null };
  }
  async anchorsOfGoal(_owner: string, goalId: GoalId) {
    this.reach();
    return this.histories.filter((history) => history.goalId === goalId);
  }
  async check() {
    this.reach();
  }
}

/** The outcome of a decision that counts. */
export function applied(decision: SignedDecision): DecisionOutcome {
  return {
    decisionId: decision.decisionId,
    approvalId: decision.approvalId,
    outcome: 'applied',
    code: null,
    message: 'Done.',
    standing: {
      decisionId: decision.decisionId,
      verdict: decision.verdict,
      actor: decision.actor ?? '',
      decidedAt: decision.decidedAt ?? '',
      comment: decision.comment ?? null,
    },
  };
}

export type Fixture = AsyncDisposable & {
  readonly app: FastifyInstance;
  readonly database: TestDatabase;
  readonly temporal: FakeGoalClient;
  readonly publicKey: ReturnType<typeof createPublicKey>;
  /** Sends a request as a person; null = without a token. */
  request(who: string | null, options: InjectOptions): Promise<LightMyRequestResponse>;
  /** Starts a goal and returns its id. */
  goal(who?: string, text?: string): Promise<string>;
  /** Puts a pending approval into the read model and the stand-in. */
  approval(goalId: string, changes?: Partial<Approval>, owner?: string): Promise<Approval>;
  /** Changes an approval in the read model and the stand-in. */
  setApproval(approvalId: string, changes: Partial<Approval>): Promise<void>;
  /** Stores a prepared payload under a digest. */
  payload(
    goalId: string,
    tool: string,
    payload: JsonObject,
    digest: string,
    tainted?: boolean,
  ): Promise<void>;
  /** Ends a goal in the read model. */
  endGoal(goalId: string, changes?: Partial<GoalView>): Promise<void>;
};

/** Builds the server on a database of its own. */
export async function createFixture(): Promise<Fixture> {
  const database = await createTestDatabase();
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const temporal = new FakeGoalClient();
  const { pool } = database;
  const app = await buildServer({
    authenticate: firstOf(
      createTokenAuth(
        Object.entries(tokens).map(([owner, token]) => ({
          token,
          principal: { owner, actor: owner },
        })),
      ),
      createMemberAuth(createMemberStore(pool)),
    ),
    goals: createGoalStore(pool),
    approvals: createApprovalStore(pool),
    people: createPeopleStore(pool),
    ...eventParts(pool),
    ...accountParts(pool, (asked) => temporal.accountRequest(asked)),
    members: createMemberStore(pool),
    rules: createRuleStore(pool),
    triage: createTriageStore(pool),
    files: createFileKeeper(pool),
    style: createStyleStore(pool),
    usage: createUsageStore(pool, { modelTokens: 100_000 }),
    goalClient: temporal,
    signDecision: createDecisionSigner(
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ),
    defaultZone: 'Europe/Berlin',
    checkPostgres: async () => void (await pool.query('select 1')),
    renderMetrics: async () => 'up 1\n',
    version: '0.0.0-test',
  });
  const request: Fixture['request'] = (who, options) =>
    app.inject({
      ...options,
      headers: {
        ...(who === null ? {} : { authorization: `Bearer ${tokens[who as keyof typeof tokens]}` }),
        ...options.headers,
      },
    });
  return {
    app,
    database,
    temporal,
    publicKey,
    request,
    async goal(who = alice, text = 'Invite Bob next week') {
      const answer = await request(who, {
        method: 'POST',
        url: '/v1/goals',
        payload: { goal: text },
      });
      return answer.json<{ id: string }>().id;
    },
    async approval(goalId, changes = {}, owner = alice) {
      const approval = { ...approvalOf(goalId), ...changes };
      temporal.approvals.set(approval.approvalId, approval);
      await pool.query(
        `insert into approvals (approval_id, goal_id, owner, state, tier, approval, requested_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [
          approval.approvalId,
          goalId,
          owner,
          approval.state,
          approval.tier,
          JSON.stringify(approval),
          approval.requestedAt,
          approval.expiresAt,
        ],
      );
      return approval;
    },
    async setApproval(approvalId, changes) {
      const { rows } = await pool.query<{ approval: Approval }>(
        `update approvals set approval = approval || $2, state = coalesce($2->>'state', state)
         where approval_id = $1 returning approval`,
        [approvalId, JSON.stringify(changes)],
      );
      if (rows[0] !== undefined) temporal.approvals.set(approvalId, rows[0].approval);
    },
    async payload(goalId, tool, payload, digest, tainted = false) {
      await pool.query(
        `insert into payloads (digest, goal_id, step_id, tool, content, card, context, target, tainted)
         values ($1, $2, 'invite', $3, $4, '{}', '[]', $5, $6)`,
        [
          digest,
          goalId,
          tool,
          JSON.stringify({ tool, input: {}, payload, policyVersion: 'p1' }),
          JSON.stringify(targetOf(payload)),
          tainted,
        ],
      );
    },
    async endGoal(goalId, changes = {}) {
      const view = { ...viewOf(goalId, alice, changes), state: 'completed' };
      await pool.query('update goals set state = $2, view = $3 where goal_id = $1', [
        goalId,
        view.state,
        JSON.stringify(view),
      ]);
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await database[Symbol.asyncDispose]();
    },
  };
}
