/**
 * What the planner is told about a goal: one JSON value, as little as planning needs. It holds no
 * mail, no calendar and no tokens; a revision adds what finished steps found. Pure.
 */
import { DateTime } from 'luxon';
import type { PlanRequest } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import { limits } from '#contracts/limits.ts';
import type { Person } from '#contracts/schemas/common.ts';
import { toolNames, tools } from '#contracts/tools.ts';
import type { ConnectedAccount } from '../credentials.ts';

/** What the planner may know of an account. */
export type PlannerAccount = Pick<ConnectedAccount, 'email' | 'label' | 'provider' | 'isDefault'>;

/** The data of one planning question. */
export function planningData(
  request: PlanRequest,
  people: readonly Person[],
  accounts: readonly PlannerAccount[],
): JsonObject {
  const { goal, now, zone, owner, context, constraints, answers, revision } = request;
  const email = owner.toLowerCase();
  const me = people.find((person) => person.email === email);
  return {
    goal,
    now,
    zone,
    localNow: localNow(now, zone),
    me: { email, name: me?.name ?? null },
    accounts: accounts.map((account) => ({
      email: account.email,
      label: account.label,
      provider: account.provider,
      isDefault: account.isDefault,
    })),
    people: people
      .filter((person) => person.email !== email)
      .map((person) => ({ name: person.name, email: person.email, zone: person.zone })),
    context,
    constraints: [...constraints],
    answers: answers.map(({ question, answer }) => ({ question, answer })),
    tools: toolNames.map((name) => ({ name, summary: tools[name].summary })),
    revision: revision === null ? null : withBoundedOutputs(revision),
  };
}

/** A step may put out more than a prompt holds: each gets a fair share, and what is cut says so. */
function withBoundedOutputs(revision: NonNullable<PlanRequest['revision']>): JsonObject {
  const share = Math.floor(limits.modelMaterialMaxChars / Math.max(1, revision.finished.length));
  const finished = revision.finished.map(({ output, ...step }) => {
    const text = JSON.stringify(output);
    return {
      ...step,
      output: text.length <= share ? output : `${text.slice(0, share).toWellFormed()} […cut]`,
    };
  });
  return { ...revision, finished } as unknown as JsonObject;
}

function localNow(now: string, zone: string): string {
  return DateTime.fromISO(now, { zone }).setLocale('en').toFormat('cccc yyyy-MM-dd HH:mm');
}
