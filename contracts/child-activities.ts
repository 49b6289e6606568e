/** Interfaces of the activities that a goal's children schedule: research and triage. */
import type { ModelUsage, StepContext } from './activities.ts';
import type { GoalId } from './names.ts';
import type { Claim, PageSummary, SearchHit } from './schemas/research.ts';
import type { TriagedMail } from './schemas/triage.ts';
import type { Origin } from './trust.ts';

/** Steps of a research workflow. `planResearch` and `extractClaims` run on the model queue. */
export interface ResearchActivities {
  planResearch(request: {
    context: StepContext;
    question: string;
  }): Promise<{ questions: string[]; usage: ModelUsage[] }>;
  searchSources(request: {
    context: StepContext;
    query: string;
    limit: number;
  }): Promise<{ results: SearchHit[] }>;
  fetchSource(request: { context: StepContext; url: string }): Promise<PageSummary>;
  extractClaims(request: {
    context: StepContext;
    question: string;
    pages: PageSummary[];
  }): Promise<{ claims: Claim[]; dropped: string[]; usage: ModelUsage[] }>;
  writeSynthesis(request: {
    context: StepContext;
    question: string;
    claims: Claim[];
    pages: PageSummary[];
  }): Promise<{ summary: string; cited: number[]; dropped: string[]; usage: ModelUsage[] }>;
}

/** A reply worth drafting, with what it replaces. */
export type ReplyPlan = {
  readonly to: string;
  readonly name: string | null;
  readonly subject: string;
  readonly excerpt: string;
  readonly date: string;
  /** A draft of an earlier run for the same thread that nobody has edited. */
  readonly replaces: { goalId: GoalId; stepId: string; effectKey: string } | null;
};
/** Steps of a triage. `classifyMail` runs on the model queue, the others on the connectors'. */
export interface TriageActivities {
  /** Takes up what came in since the last time. Nothing is lost when it fails half way. */
  syncMail(request: { context: StepContext; account: string | null; limit: number }): Promise<{
    /** Addresses of the accounts that were read. */
    accounts: string[];
    unreachable: { account: string; reason: string }[];
    waiting: number;
    gaps: { account: string; since: string }[];
    origins: Origin[];
  }>;
  /** Classifies the oldest waiting mails, each once; none when none waits. */
  classifyMail(request: {
    context: StepContext;
    accounts: readonly string[];
    /** Names this call: a retry returns what the first attempt came to. */
    batch: string;
    limit: number;
  }): Promise<{ mails: TriagedMail[]; usage: ModelUsage[] }>;
  /** Mails that need a reply which no triage has drafted yet, or this step; oldest first. */
  repliesDue(request: {
    context: StepContext;
    accounts: readonly string[];
    limit: number;
  }): Promise<TriagedMail[]>;
  /** Takes a mail for which no draft can be made out of those. */
  settleReply(request: { context: StepContext; mail: TriagedMail }): Promise<void>;
  /** Decides whether a mail gets a draft; null when it does not, and then it is due no more. */
  planReply(request: { context: StepContext; mail: TriagedMail }): Promise<ReplyPlan | null>;
  /** Remembers the draft that now answers a thread. */
  recordReply(request: {
    context: StepContext;
    mail: TriagedMail;
    effectKey: string;
    /** Its id at the provider, as the receipt has it. */
    messageId: string | null;
  }): Promise<void>;
}
