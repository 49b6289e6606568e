/**
 * The rule-based planner: a goal in the person's words becomes steps or questions, in the same form
 * a real model would answer in. It follows nothing that others wrote, unless a test makes it.
 */
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { markAccounts, takeAccount } from './accounts.ts';
import { PlanBuilder, textOf } from './builder.ts';
import { obey } from './obey.ts';
import { planAgenda, planBlock, planMeeting, planReminder } from './plan-calendar.ts';
import { planCancel, planMove } from './plan-changes.ts';
import { planMail, planPage, planReply, planResearch, planTriage, planWrite } from './plan-mail.ts';
import { planOrganise, planTone } from './plan-organise.ts';
import { planHold, planRelease, planRespond } from './plan-series.ts';
import { planProposal, planTimeReply } from './plan-proposals.ts';
import { revise } from './revise.ts';
import { type Intent, understand } from './understand.ts';

/** What it can do, for those who ask for something else. */
const abilities =
  'I did not understand that. I can find times and invite people, create, move and cancel events, ' +
  'once or repeating, answer invitations, hold slots, look up your calendar, search and summarise mail, write, answer or draft mail, and research a ' +
  'question. What would you like?';

/** How the model answers. `obedient` follows every imperative it sees anywhere; for tests only. */
export type ModelOptions = { readonly obedient: boolean };

/** Answers a planning request. `schema` is the requested form, whose optional fields become null. */
export function answerPlan(data: JsonObject, options: ModelOptions, schema: JsonObject): Json {
  const plan = new PlanBuilder(data);
  const { revision } = data;
  if (isJsonObject(revision)) revise(plan, revision);
  else {
    const goal = plan.answer('I did not understand') ?? textOf(data.goal);
    planAll(plan, markAccounts(goal, data.accounts));
  }
  if (options.obedient) obey(plan, data);
  const steps = plan.questions.length > 0 ? [] : plan.steps;
  return {
    reasoning: [reasonOf(steps), ...plan.notes].join(' '),
    estimatedComplexity: steps.length < 3 ? 'low' : steps.length < 6 ? 'medium' : 'high',
    steps: steps.map((step) => withNulls(step, schema)),
    questions: plan.questions.slice(0, limits.questionsMax),
  } as Json;
}

function planAll(plan: PlanBuilder, goal: string): void {
  const intents = understand(goal);
  const invites = intents.some(({ kind }) => kind === 'invite');
  for (const intent of intents) {
    const { text, account } = takeAccount(intent.text);
    plan.account = account;
    planOne(plan, { ...intent, text }, invites);
  }
  if (plan.steps.length === 0 && plan.questions.length === 0) plan.ask('goal', abilities);
}

function planOne(plan: PlanBuilder, intent: Intent, invites: boolean): void {
  switch (intent.kind) {
    case 'meet':
      return planMeeting(plan, intent, intent.book || invites);
    case 'propose':
      return planProposal(plan, intent);
    case 'time_reply':
      return planTimeReply(plan, intent);
    case 'block':
      return planBlock(plan, intent);
    case 'invite':
      // Carried out by the meeting it belongs to.
      return;
    case 'remind':
      return planReminder(plan, intent);
    case 'move':
      return planMove(plan, intent);
    case 'cancel':
      return planCancel(plan, intent);
    case 'respond':
      return planRespond(plan, intent);
    case 'hold':
      return planHold(plan, intent);
    case 'release':
      return planRelease(plan, intent);
    case 'agenda':
      return planAgenda(plan, intent);
    case 'mail':
      return planMail(plan, intent);
    case 'triage':
      return planTriage(plan, intent);
    case 'reply':
      return planReply(plan, intent);
    case 'write':
      return planWrite(plan, intent);
    case 'organise':
      return planOrganise(plan, intent);
    case 'tone':
      return planTone(plan);
    case 'research':
      return planResearch(plan, intent);
    case 'page':
      return planPage(plan, intent);
    case 'unknown':
      plan.notes.push(`I did not plan for “${intent.text.slice(0, 120)}”.`);
      return;
    default:
      intent.kind satisfies never;
  }
}

function reasonOf(steps: readonly PlanStep[]): string {
  if (steps.length === 0) return 'There is nothing to do yet.';
  return steps
    .map(({ rationale }) => rationale)
    .join(' ')
    .slice(0, 3_000);
}

/** Structured output names every property; what was left out is null. */
function withNulls(step: PlanStep, schema: JsonObject): PlanStep {
  const variants = at(schema, 'properties', 'steps', 'items', 'anyOf');
  const variant = (Array.isArray(variants) ? (variants as Json[]) : []).find((item) => {
    const names = at(item, 'properties', 'tool', 'enum');
    return Array.isArray(names) && (names as Json[]).includes(step.tool);
  });
  const required = at(variant, 'properties', 'input', 'required');
  const names = Array.isArray(required) ? (required as string[]) : [];
  const absent = Object.fromEntries(names.map((name) => [name, null]));
  return { ...step, input: { ...absent, ...step.input } };
}

function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (current, key) => (isJsonObject(current) ? current[key] : undefined),
    value,
  );
}
