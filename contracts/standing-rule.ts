/**
 * Standing rules: a decision given in advance for one tool and one exact target. Pure: what a rule may
 * ever cover, what it compares, and how its decisions are signed.
 */
import { canonicalJson } from './canonical.ts';
import { type Json, type JsonObject, isJsonObject } from './json.ts';
import { limits } from './limits.ts';
import { effectToolNames, type ToolName, tools } from './tools.ts';

/**
 * Whom and what an effect touches, exactly: where it leaves from, everyone who is told, the event it
 * changes, and what it hands on besides its words.
 */
export type RuleTarget = {
  readonly account: string | null;
  /** The address it is sent as, where that is not the account's own. */
  readonly from?: string;
  /** Lower case, sorted, each once. */
  readonly recipients: readonly string[];
  readonly eventId: string | null;
  /** Its files by name and SHA-256, and the message it forwards. Absent when there is none. */
  readonly carries?: readonly string[];
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
  const carries = carriedBy(payload);
  return {
    account: typeof account === 'string' ? account.toLowerCase() : null,
    ...(typeof from === 'string' ? { from: from.toLowerCase() } : {}),
    recipients,
    eventId: typeof eventId === 'string' ? eventId : null,
    ...(carries.length === 0 ? {} : { carries }),
  };
}

function carriedBy({ attachments, mode, reply }: JsonObject): string[] {
  const files = Array.isArray(attachments) ? (attachments as readonly Json[]) : [];
  const carried = files.map((file) => {
    const { name, sha256 } = isJsonObject(file) ? file : {};
    return `file ${textOf(name)} ${textOf(sha256)}`;
  });
  // A reply quotes a thread to those who are in it; a forward gives somebody's mail to others.
  if (mode !== 'forward' || !isJsonObject(reply)) return carried.sort();
  return [...carried, `message ${textOf(reply['messageId'])}`].sort();
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : canonicalJson(value ?? null);
}

/** True when two targets are the same in everything. */
export function isSameTarget(one: RuleTarget, other: RuleTarget): boolean {
  return canonicalJson(one) === canonicalJson(other);
}

/**
 * Why a rule for the same tool does not cover this, in words for the card. Null when it does, and when
 * it is about other people or another event, so that nobody would expect it to.
 */
export function whyNotCovered(rule: RuleTarget, target: RuleTarget): string | null {
  const { account, recipients, eventId } = target;
  if (rule.recipients.join() !== recipients.join() || rule.eventId !== eventId) return null;
  if (rule.account !== account || rule.from !== target.from) {
    return 'Your standing rule for it is for another sender.';
  }
  if (isSameTarget(rule, target)) return null;
  return 'Your standing rule for it does not cover what this one carries.';
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
  const { account, from, recipients, eventId, carries } = value;
  const texts = textsOf(recipients);
  if (!Array.isArray(recipients) || texts.length !== recipients.length) return undefined;
  return {
    account: typeof account === 'string' ? account : null,
    ...(typeof from === 'string' ? { from } : {}),
    recipients: texts,
    eventId: typeof eventId === 'string' ? eventId : null,
    ...(carries === undefined ? {} : { carries: textsOf(carries) }),
  };
}

function textsOf(value: Json | undefined): string[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).filter((item) => typeof item === 'string');
}
