/**
 * Standing rules: a decision given in advance for one tool and one exact target. Pure: what a rule may
 * ever cover, what it compares, and how its decisions are signed.
 */
import { type Json, type JsonObject, isJsonObject } from './json.ts';
import { limits } from './limits.ts';
import { effectToolNames, type ToolName, tools } from './tools.ts';

/**
 * Whom and what an effect touches, exactly: the address it leaves from, everyone who is told, and the
 * event it changes.
 */
export type RuleTarget = {
  readonly account: string | null;
  /** Lower case, sorted, each once. */
  readonly recipients: readonly string[];
  readonly eventId: string | null;
};

/** A prepared payload as a rule sees it. */
export type RuleSubject = {
  readonly tool: string;
  readonly target: RuleTarget;
  /** True when any of its input was filled from text that somebody else wrote. */
  readonly tainted: boolean;
};

/** Messages and holds are others each time, so nothing exact could be approved in advance. */
const withoutTarget: readonly ToolName[] = [
  'labelMail',
  'archiveMail',
  'markMail',
  'moveMail',
  'releaseHolds',
];

/** Tools whose effects a rule may cover at all: they change something exact, and never at tier 4. */
export const ruleTools: readonly ToolName[] = effectToolNames.filter(
  (name) => tools[name].tier < 4 && !withoutTarget.includes(name),
);

/** The actor of decisions that a rule made. */
export function ruleActor(ruleId: string): string {
  return `rule:${ruleId}`;
}

/** Every list of a payload that says who is told. */
const toldIn = ['to', 'cc', 'bcc', 'guests', 'optionalGuests', 'rooms'] as const;

/** The target of a payload, read from the payload and nothing else. */
export function targetOf(payload: JsonObject): RuleTarget {
  const { account, from, eventId } = payload;
  const told = toldIn.flatMap((key) => textsOf(payload[key]));
  const recipients = [...new Set(told.map((email) => email.toLowerCase()))].sort();
  const sender = typeof from === 'string' ? from : account;
  return {
    account: typeof sender === 'string' ? sender.toLowerCase() : null,
    recipients,
    eventId: typeof eventId === 'string' ? eventId : null,
  };
}

/** Why no rule may ever cover this; null when one may. */
export function whyNoRule({ tool, target, tainted }: RuleSubject): string | null {
  if (!(ruleTools as readonly string[]).includes(tool)) {
    return 'Only steps that change something, below tier 4, can be approved in advance.';
  }
  if (tainted) return 'Some of it was filled from text that somebody else wrote.';
  if (target.recipients.length > limits.recipientsHighStakes) {
    return `It reaches more than ${limits.recipientsHighStakes} people.`;
  }
  return null;
}

/** Reads a target back from storage; undefined when it is none. */
export function readTarget(value: Json | null | undefined): RuleTarget | undefined {
  if (!isJsonObject(value)) return undefined;
  const { account, recipients, eventId } = value;
  const texts = textsOf(recipients);
  if (!Array.isArray(recipients) || texts.length !== recipients.length) return undefined;
  return {
    account: typeof account === 'string' ? account : null,
    recipients: texts,
    eventId: typeof eventId === 'string' ? eventId : null,
  };
}

function textsOf(value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).filter((item) => typeof item === 'string');
}
