/**
 * Revises a plan: after a checkpoint it fills in what a found event tells, after a rejection it
 * follows the person's comment. It never repeats a rejected step as it was.
 */
import { type Json, type JsonObject, isJsonObject } from '#contracts/json.ts';
import type { PlanStep } from '#contracts/schemas/plan.ts';
import { dependenciesOf, outputOf, type PlanBuilder, textOf } from './builder.ts';
import { momentOf, readDuration, readTime, windowOf } from './phrases.ts';
import { afterTimeReply } from './plan-proposals.ts';

/** What is still to be done, added to `plan`; nothing when there is nothing to change. */
export function revise(plan: PlanBuilder, revision: JsonObject): void {
  const reason = textOf(revision.reason);
  const previous = isJsonObject(revision.previous) ? revision.previous.steps : [];
  const steps = (Array.isArray(previous) ? previous : []) as unknown as readonly PlanStep[];
  const finished = (Array.isArray(revision.finished) ? revision.finished : []) as Json[];
  const done = finished.filter(isJsonObject).filter(({ status }) => status === 'completed');
  const left = steps.filter(({ id }) => !done.some((step) => step.id === id));
  const rejection = /^The person rejected step (\S+) and said: (.+)$/s.exec(reason);
  if (rejection !== null) {
    const [, id = '', comment = ''] = rejection;
    afterRejection(plan, steps, left, id, comment);
    return;
  }
  const seen = /^Checkpoint after step ([a-z0-9_]+)/.exec(reason)?.[1];
  const found = done.find(({ id }) => id === seen);
  if (afterTimeReply(plan, left, found)) return;
  const event = isJsonObject(found?.output) ? found.output.event : undefined;
  if (isJsonObject(event)) afterFinding(plan, left, event);
}

/** The event is known now: keep its length, and look for a time when its guests are free. */
function afterFinding(plan: PlanBuilder, left: readonly PlanStep[], event: JsonObject): void {
  if (!left.some(({ tool }) => tool === 'findTime')) return;
  const minutes = (Date.parse(textOf(event.end)) - Date.parse(textOf(event.start))) / 60_000;
  const guests = (Array.isArray(event.guests) ? (event.guests as Json[]) : []).flatMap((guest) =>
    isJsonObject(guest) && guest.response !== 'declined' ? [textOf(guest.email)] : [],
  );
  for (const step of left) {
    if (step.tool !== 'findTime') {
      plan.steps.push(step);
      continue;
    }
    const known = Array.isArray(step.input.people) ? (step.input.people as string[]) : [];
    plan.steps.push({
      ...step,
      input: {
        ...step.input,
        people: [...new Set([...known, ...guests.filter((email) => email.includes('@'))])].slice(
          0,
          50,
        ),
        ...(minutes >= 5 && minutes <= 1_440 ? { durationMinutes: Math.round(minutes) } : {}),
      },
    });
  }
}

function afterRejection(
  plan: PlanBuilder,
  steps: readonly PlanStep[],
  left: readonly PlanStep[],
  id: string,
  comment: string,
): void {
  const rejected = steps.find((step) => step.id === id);
  if (rejected === undefined) return;
  const changed = changedStep(plan, rejected, comment);
  if (changed === undefined) return;
  const again = followers(left, id);
  const renamed = new Map(again.map((step) => [step.id, freshId(step.id, steps)]));
  const copy = [changed, ...again.filter((step) => step.id !== id)].map((step) => {
    const input = rename(step.input as JsonObject, renamed);
    return {
      ...step,
      id: renamed.get(step.id) ?? step.id,
      input,
      dependsOn: dependenciesOf(input),
    };
  });
  plan.steps.push(...(copy as PlanStep[]));
  plan.notes.push(`You said: ${comment.slice(0, 200)}`);
}

/** The rejected step as the comment wants it; undefined when the comment is only a no. */
function changedStep(plan: PlanBuilder, step: PlanStep, comment: string): PlanStep | undefined {
  switch (step.tool) {
    case 'createEvent':
    case 'moveEvent':
      return changedEvent(plan, step, comment);
    case 'sendEmail':
    case 'createDraft':
      return changedMail(plan, step, comment);
    default:
      return undefined;
  }
}

function changedEvent(plan: PlanBuilder, step: PlanStep, comment: string): PlanStep | undefined {
  const time = readTime(comment);
  const length = readDuration(time.rest).minutes ?? time.rangeMinutes;
  const guests = changedPeople(plan, listOf(step.input.guests), comment);
  const moment = time.stretch === undefined ? momentOf(time) : undefined;
  const window = windowOf(time);
  const input: Record<string, Json> = { ...step.input };
  if (guests !== undefined && step.tool === 'createEvent') input.guests = guests;
  if (length !== undefined) input.durationMinutes = length;
  if (moment !== undefined) input.start = moment;
  else if (
    window !== undefined ||
    time.part !== undefined ||
    /\b(?:other|another|different|later|earlier) time\b/i.test(comment)
  ) {
    const slots = plan.add(
      'findTime',
      freshName(plan, 'slots_again'),
      {
        people: [plan.me.email, ...(guests ?? listOf(step.input.guests))],
        durationMinutes: length ?? numberOf(step.input.durationMinutes) ?? 30,
        window: window ?? 'the next 7 days',
        partOfDay: time.day === undefined ? (time.part ?? null) : null,
      },
      'Find another time, as you said.',
    );
    input.start = outputOf(slots, 'best.start');
  }
  if (JSON.stringify(input) === JSON.stringify(step.input)) return undefined;
  return { ...step, input: input as PlanStep['input'] };
}

function changedMail(plan: PlanBuilder, step: PlanStep, comment: string): PlanStep | undefined {
  const to = changedPeople(plan, listOf(step.input.to), comment);
  if (to !== undefined) return { ...step, input: { ...step.input, to } };
  if (
    /^(?:no|nope|stop|never|don['’]?t|do not|cancel|not now|leave it)\b[^,;:]*$/i.test(
      comment.trim(),
    )
  )
    return undefined;
  const text = plan.add(
    'composeEmail',
    freshName(plan, 'text_again'),
    {
      instruction: `Write the mail again: ${comment}`.slice(0, 1_000),
      material: [step.input.body ?? ''],
      recipientName: null,
    },
    'Write the text as you said.',
  );
  const input = { ...step.input, subject: outputOf(text, 'subject'), body: outputOf(text, 'body') };
  return { ...step, input };
}

/** People a comment adds, leaves out or puts in place of others; undefined when it names nobody. */
function changedPeople(
  plan: PlanBuilder,
  emails: readonly string[],
  comment: string,
): string[] | undefined {
  const out = /\b(?:without|not|except|drop|remove|leave out)\b(.*)$/i.exec(comment)?.[1];
  const dropped = out === undefined ? [] : plan.readPeople(out).people;
  const named = plan.readPeople(comment).people.filter((person) => !dropped.includes(person));
  if (named.length + dropped.length === 0) return undefined;
  const instead = /\binstead\b/i.test(comment) && dropped.length === 0;
  const kept = instead ? [] : emails.filter((email) => !dropped.some((p) => p.email === email));
  return [...new Set([...kept, ...named.map(({ email }) => email)])];
}

/** A step and all that waits for it. */
function followers(steps: readonly PlanStep[], id: string): readonly PlanStep[] {
  const ids = new Set([id]);
  for (let before = 0; before < ids.size;) {
    before = ids.size;
    for (const step of steps) if (step.dependsOn.some((on) => ids.has(on))) ids.add(step.id);
  }
  return steps.filter((step) => ids.has(step.id));
}

function rename(value: JsonObject, ids: ReadonlyMap<string, string>): JsonObject {
  const text = JSON.stringify(value).replaceAll(
    /\{\{steps\.([a-z0-9_]+)\.output/g,
    (_, id: string) => `{{steps.${ids.get(id) ?? id}.output`,
  );
  return JSON.parse(text) as JsonObject;
}

/** The next id of a family that no step has had: `event`, `event_r2`, `event_r3`. */
function freshId(id: string, steps: readonly PlanStep[]): string {
  const stem = id.replace(/_r\d+$/, '').slice(0, 26);
  let count = 2;
  while (steps.some((step) => step.id === `${stem}_r${count}`)) count += 1;
  return `${stem}_r${count}`;
}

function freshName(plan: PlanBuilder, stem: string): string {
  return `${stem}_${plan.revisionNumber}`;
}

function listOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? (value as Json[]).filter((v) => typeof v === 'string') : [];
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
