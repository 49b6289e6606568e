/**
 * Holds the product's records against the other witnesses: the audit (INV8), the read models (INV9), whose
 * words went out (INV10), what was settled with the model (INV11) and what was told to webhooks. Pure.
 */
import type { AuditEntry } from '#contracts/audit.ts';
import type { ModelUse } from './aftermath.ts';
import type { Evidence, Violation } from './checker.ts';
import { opsOf } from './log.ts';

/** Every broken promise about records. */
export function checkRecords(evidence: Evidence): Violation[] {
  return [
    ...auditIsWhole(evidence),
    ...evidence.aftermath.rebuild.map((what) => ({ invariant: 'INV9', goalId: '', what })),
    ...nothingOfOthers(evidence),
    ...settledWhatWasGiven(evidence),
    ...everyEndTold(evidence),
  ];
}

/** INV8: the chain holds, and each effect of the histories has its entry, once. */
function auditIsWhole({ goals, aftermath }: Evidence): Violation[] {
  const found = aftermath.audit.findings.map((what) => ({ invariant: 'INV8', goalId: '', what }));
  const entries = new Map<string, number>();
  for (const { goalId, entry } of aftermath.audit.entries) {
    const { purpose, effectKey } = entry as unknown as AuditEntry;
    const name = `${goalId} ${purpose} ${effectKey}`;
    entries.set(name, (entries.get(name) ?? 0) + 1);
  }
  for (const { goalId, performed, undone } of goals) {
    const done = performed.map(({ receipt }) => ({ receipt, purpose: 'do' }));
    const back = undone.map(({ receipt }) => ({ receipt, purpose: 'undo' }));
    const names = [...done, ...back].flatMap(({ receipt, purpose }) =>
      receipt?.outcome === 'confirmed' ? [`${goalId} ${purpose} ${receipt.effectKey}`] : [],
    );
    for (const name of new Set(names)) {
      const times = entries.get(name) ?? 0;
      if (times !== 1) {
        found.push({ invariant: 'INV8', goalId, what: `${name} is in the audit ${times} times` });
      }
    }
  }
  return found;
}

/** The numbers by which the bench's goals tell their things apart. */
const marks = /\b(order|retro|report|bank|log|item) (\d+)\b/g;

/** INV10: what goes out in the name of one goal carries nothing of another. */
function nothingOfOthers({ effects, goals, log }: Evidence): Violation[] {
  const marksOf = (text: string) => [...text.matchAll(marks)].map(([mark]) => mark);
  const own = new Map<string, Set<string>>();
  for (const { call, outcome } of opsOf(log)) {
    if (call.call !== 'start' || outcome.phase !== 'ok' || outcome.goalId === undefined) continue;
    own.set(outcome.goalId, new Set(marksOf(call.goal)));
  }
  const goalOf = new Map(
    goals.flatMap(({ goalId, performed }) =>
      performed.map(({ receipt }) => [receipt?.effectKey ?? '', goalId] as const),
    ),
  );
  return effects.flatMap(({ key, operation, raw }) => {
    const goalId = goalOf.get(key) ?? '';
    const allowed = own.get(goalId);
    if (allowed === undefined) return [];
    return marksOf(String(raw))
      .filter((mark) => !allowed.has(mark))
      .map((mark) => ({ invariant: 'INV10', goalId, what: `${operation} carries "${mark}"` }));
  });
}

/** Calls whose answer may be lost with one kill: those that are under way at that moment. */
const underWayAtOnce = 5;

/** INV11: goals settle no more than the model gave, and lose no more than kills and faults explain. */
function settledWhatWasGiven({ aftermath, disturbances }: Evidence): Violation[] {
  const { settled, given } = aftermath;
  const names = ['calls', 'inputTokens', 'outputTokens'] as const satisfies (keyof ModelUse)[];
  const found = names
    .filter((name) => settled[name] > given[name])
    .map((name) => `${settled[name]} ${name} are settled, the model gave ${given[name]}`);
  const lost = given.calls - settled.calls;
  if (lost > disturbances * underWayAtOnce) {
    found.push(`${lost} calls of the model were never settled, after ${disturbances} disturbances`);
  }
  return found.map((what) => ({ invariant: 'INV11', goalId: '', what }));
}

/** C14: the receiver is told of every end, and knows a repeat by its id. */
function everyEndTold({ goals, deliveries }: Evidence): Violation[] {
  const found: Violation[] = [];
  const ids = new Map<string, string>();
  for (const { id, goalId, number } of deliveries) {
    const event = `${goalId} ${number}`;
    const other = ids.get(event) ?? id;
    ids.set(event, other);
    if (other !== id)
      found.push({ invariant: 'C14', goalId, what: `event ${number} came under two ids` });
  }
  const told = new Set(deliveries.map(({ goalId }) => goalId));
  for (const { goalId, ended } of goals) {
    if (ended !== null && !told.has(goalId)) {
      found.push({ invariant: 'C14', goalId, what: 'its end was never delivered' });
    }
  }
  return found;
}
