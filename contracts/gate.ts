/**
 * The gate: one pure function that decides whether a step may run. It sees what the step would do
 * (facts of the prepared payload), where its inputs came from, and the person's policy. It never
 * sees a model's opinion of what is safe.
 */
import { limits } from './limits.ts';
import { type Tier, type ToolName, tools } from './tools.ts';
import type { Taint } from './trust.ts';

/** What the prepared payload would touch. Empty for reads. */
export type EffectFacts = {
  /** Everyone who would be told, lower case. */
  readonly recipients: readonly string[];
  /** Those outside the organisation of the account that is used; the person's own never are. */
  readonly external: readonly string[];
  /** Those who are neither in the directory nor in the goal's own words, nor the person themselves. */
  readonly unverified: readonly string[];
};

/** The person's policy, completed with defaults. */
export type GoalPolicy = {
  readonly version: string;
  readonly approveFromTier: 1 | 2 | 3;
  readonly planApproval: boolean;
  readonly refuseTools: readonly ToolName[];
  readonly raiseTiers: Readonly<Partial<Record<ToolName, number>>>;
  /** Tier 4 needs two different people. */
  readonly secondPerson?: boolean;
  /** Members with this role may decide too once three quarters of the deadline have passed. */
  readonly escalateToRole?: string;
};

export const noFacts: EffectFacts = { recipients: [], external: [], unverified: [] };

export const defaultPolicy: GoalPolicy = {
  version: 'p1',
  approveFromTier: 2,
  planApproval: false,
  refuseTools: [],
  raiseTiers: {},
};

/** The gate's answer. Reasons are sentences for the card and the journal. */
export type GateVerdict =
  | { readonly verdict: 'run'; readonly tier: Tier }
  | { readonly verdict: 'approve'; readonly tier: Tier; readonly reasons: readonly string[] }
  | { readonly verdict: 'refuse'; readonly reasons: readonly string[] };

/** What the gate looks at. */
export type GateInput = {
  readonly tool: ToolName;
  readonly facts: EffectFacts;
  readonly taints: readonly Taint[];
  readonly requiresConfirmation: boolean;
  readonly policy: GoalPolicy;
};

/** Decides whether a step runs, waits for a person, or is refused. Pure. */
export function gate(input: GateInput): GateVerdict {
  const entry = Object.hasOwn(tools, input.tool) ? tools[input.tool] : undefined;
  if (entry === undefined) return { verdict: 'refuse', reasons: [`Unknown tool ${input.tool}.`] };
  if (input.policy.refuseTools.includes(input.tool)) {
    return { verdict: 'refuse', reasons: [`Your policy for this goal refuses ${input.tool}.`] };
  }
  const { tier, reasons } = tierOf(input);
  const tainted = sensitiveTaints(input);
  for (const taint of tainted) {
    reasons.push(`${taint.path} comes from ${taint.origins.map((o) => o.label).join(', ')}.`);
  }
  const waits = tier >= Math.min(input.policy.approveFromTier, 3);
  const mustAsk = tainted.length > 0 && (tier >= 1 || entry.scope === 'web');
  if (!waits && !mustAsk && !input.requiresConfirmation) return { verdict: 'run', tier };
  if (reasons.length === 0) {
    reasons.push(waits ? tierReasons[tier] : 'The plan asks for confirmation of this step.');
  }
  return { verdict: 'approve', tier, reasons };
}

const tierReasons: Readonly<Record<Tier, string>> = {
  0: 'It reads, and changes nothing.',
  1: 'It prepares something only you can see.',
  2: 'It changes your own things, and can be undone.',
  3: 'Other people will see it.',
  4: 'It is hard to undo or reaches many people.',
};

function tierOf({ tool, facts, policy }: GateInput): { tier: Tier; reasons: string[] } {
  const reasons: string[] = [];
  let tier: Tier = tools[tool].tier;
  const commits = tools[tool].effectClass !== 'prepare';
  if (facts.recipients.length > 0 && commits && tier < 3) tier = 3;
  if (tier === 3) reasons.push(`${count(facts.recipients.length, 'person')} will be told by mail.`);
  if (commits && facts.recipients.length > limits.recipientsHighStakes) {
    tier = 4;
    reasons.push(`More than ${limits.recipientsHighStakes} recipients.`);
  }
  if (facts.external.length > 0) {
    reasons.push(`Outside your organisation: ${facts.external.join(', ')}.`);
  }
  if (facts.unverified.length > 0) {
    reasons.push(`Not in your directory and not named by you: ${facts.unverified.join(', ')}.`);
  }
  const raised = policy.raiseTiers[tool];
  if (raised !== undefined && raised > tier) {
    tier = Math.min(raised, 4) as Tier;
    reasons.push(`Your policy raises ${tool} to tier ${tier}.`);
  }
  return { tier, reasons };
}

function sensitiveTaints({ tool, taints }: GateInput): readonly Taint[] {
  const sensitive = tools[tool].sensitive;
  return taints.filter(({ path }) => sensitive.includes(path.replace(/[.[].*$/, '')));
}

function count(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${n} ${noun === 'person' ? 'people' : `${noun}s`}`;
}
