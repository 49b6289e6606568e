/** Admission and the gateway on a real Postgres: signs decisions as the api does, for any person. */
import { admitDecision } from '#activities/approvals/admit.ts';
import type { PerformDeps } from '#activities/effects/perform.ts';
import { performEffect } from '#activities/effects/perform.ts';
import { failureTypeOf } from '#activities/failures.ts';
import { createMemberStore } from '#api/members/member-store.ts';
import type { Admission, PerformRequest } from '#contracts/activities.ts';
import type { Approval } from '#contracts/approval.ts';
import type { JsonObject } from '#contracts/json.ts';
import { approvalIdOf, type GoalId } from '#contracts/names.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  FakeProvider,
  newGoalId,
  owner,
  performDeps,
  store,
  testKeys,
} from '../support/effects.ts';
import { approvalOf } from './api-samples.ts';

export const bob = 'bob@office.example.com';
export const carla = 'carla@office.example.com';
export const mail = { to: ['zed@partner.example.net'], subject: 'Hi', body: 'Hello' };

/** One goal with one approval, as its workflow holds it. */
export class ApprovalBench implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly provider = new FakeProvider();
  readonly keys = testKeys();
  readonly deps: PerformDeps;
  unsigned: 'allow' | 'refuse' = 'refuse';
  goalId: GoalId = newGoalId();
  approval!: Approval;
  #count = 0;

  private constructor(database: TestDatabase) {
    this.database = database;
    this.deps = performDeps(database.pool, this.provider, this.keys);
  }

  static async start(): Promise<ApprovalBench> {
    return new ApprovalBench(await createTestDatabase());
  }

  get pool() {
    return this.database.pool;
  }

  /** A new goal that asks for its mail, with a row in the queue. */
  async ask(changes: Partial<Approval> = {}, input: JsonObject = mail): Promise<Approval> {
    this.goalId = newGoalId();
    this.provider.done.clear();
    const digest = await store(this.pool, this.goalId, 'sendEmail', input);
    const sample = approvalOf(this.goalId, 's1');
    this.approval = { ...sample, tool: 'sendEmail', tier: 4, input, digest, ...changes };
    await this.pool.query(
      `insert into approvals (approval_id, goal_id, owner, state, tier, approval, requested_at, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        this.approval.approvalId,
        this.goalId,
        owner,
        this.approval.state,
        this.approval.tier,
        JSON.stringify(this.approval),
        this.approval.requestedAt,
        this.approval.expiresAt,
      ],
    );
    return this.approval;
  }

  /** Adds a member with a token. */
  async member(email: string, ...roles: string[]): Promise<void> {
    const members = createMemberStore(this.pool);
    await members.put(owner, { email, name: email, roles });
    await members.setToken(owner, email, `adjm_${email}`);
  }

  /** Decides as a person, through admission; the approval is then what the workflow would hold. */
  async decide(
    actor: string,
    decision: JsonObject = {},
    approval: Approval | null = this.approval,
  ): Promise<Admission> {
    this.#count += 1;
    const plain = {
      decisionId: `d${this.#count}`,
      approvalId: this.approval.approvalId as string,
      digest: this.approval.digest,
      verdict: 'approve',
      actor,
      decidedAt: new Date().toISOString(),
      ...decision,
    };
    return this.admit(this.keys.sign(plain), approval);
  }

  /** Sends any signal through admission. */
  async admit(decision: JsonObject, approval: Approval | null = this.approval): Promise<Admission> {
    const admission = await admitDecision(
      {
        pool: this.pool,
        decisionPublicKey: this.keys.decisionPublicKey,
        unsignedDecisions: this.unsigned,
        signalIdentity: async () => 'tester',
      },
      {
        goalId: this.goalId,
        owner,
        decision,
        fallbackId: `unsigned-${this.#count}`,
        approval,
        now: new Date().toISOString(),
      },
    );
    this.follow(admission);
    return admission;
  }

  /** What the workflow makes of an admission. */
  private follow({ standing, did }: Admission): void {
    if (standing === null) return;
    if (did === 'delegated') {
      this.approval = { ...this.approval, assignedTo: standing.to ?? null };
    }
    if (did === 'counted') {
      this.approval = { ...this.approval, approvedBy: [...this.approval.approvedBy, standing] };
    }
    if (did === 'settled')
      this.approval = { ...this.approval, state: 'approved', decision: standing };
  }

  /** Performs what was approved. Answers the type of failure, or how it ended. */
  async perform(changes: Partial<PerformRequest> = {}): Promise<string> {
    const request: PerformRequest = {
      context: {
        goalId: this.goalId,
        owner,
        zone: 'UTC',
        stepId: 's1',
        now: new Date().toISOString(),
      },
      tool: 'sendEmail',
      revision: 1,
      digest: this.approval.digest,
      mode: 'live',
      approvalId: approvalIdOf(this.goalId, 's1', 1),
      reconcileForMs: 60_000,
      reconcileOnly: false,
      ...changes,
    };
    try {
      const { outcome } = await performEffect(this.deps, request, new AbortController().signal);
      return outcome;
    } catch (error) {
      return failureTypeOf(error) ?? String(error);
    }
  }

  async rows(): Promise<{ actor: string; verdict: string; settles: boolean }[]> {
    const { rows } = await this.pool.query(
      'select actor, verdict, settles from decisions where approval_id = $1 order by decided_at, decision_id',
      [this.approval.approvalId],
    );
    return rows;
  }

  /** The approval as the queue shows it. */
  async queued(): Promise<Approval> {
    const { rows } = await this.pool.query(
      'select approval from approvals where approval_id = $1',
      [this.approval.approvalId],
    );
    return rows[0].approval;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.database[Symbol.asyncDispose]();
  }
}
