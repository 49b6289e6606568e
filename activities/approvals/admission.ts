/** The answers of admission, in the words the decider reads. Pure. */
import type { Admission, AdmitRequest } from '#contracts/activities.ts';
import type { RefusalCode, StandingDecision } from '#contracts/approval.ts';
import { isJsonObject, type JsonObject } from '#contracts/json.ts';
import type { AdmittedDecision } from './decision-store.ts';

/** A decision that counts: it settled the approval, is one of two, or handed it on. */
export function applied(
  { approval, standing, verdict, assignedTo }: AdmittedDecision,
  input: JsonObject | null,
  settles: boolean,
): Admission {
  const did = settles ? 'settled' : verdict === 'delegate' ? 'delegated' : 'counted';
  const messages = {
    settled: 'Applied.',
    counted: `Counted: ${approval.approvedBy.length + 1} of ${approval.requiredDecisions}. A second person must approve.`,
    delegated: assignedTo === null ? 'Given back to the owner.' : `Handed on to ${assignedTo}.`,
  };
  return {
    outcome: {
      decisionId: standing.decisionId,
      approvalId: approval.approvalId,
      outcome: 'applied',
      code: null,
      message: messages[did],
      standing,
    },
    standing,
    input,
    did,
  };
}

/** A decision that came too late, with the one that stands. */
export function alreadyDecided(
  request: AdmitRequest,
  standing: StandingDecision | null,
): Admission {
  if (standing?.verdict === 'expire') {
    return refuse(request, 'expired', 'The approval has expired. No answer meant no.', standing);
  }
  const by = standing === null ? '' : ` by ${standing.actor}: ${standing.verdict}`;
  return refuse(request, 'already_decided', `It was decided already${by}.`, standing);
}

/** A decision that changes nothing, with the reason. */
export function refuse(
  { decision, fallbackId }: AdmitRequest,
  code: RefusalCode,
  message: string,
  standing: StandingDecision | null = null,
): Admission {
  const text = (key: string): string | undefined => {
    const value = isJsonObject(decision) ? decision[key] : undefined;
    return typeof value === 'string' ? value.slice(0, 120) : undefined;
  };
  return {
    outcome: {
      decisionId: text('decisionId') ?? fallbackId,
      approvalId: text('approvalId') ?? '',
      outcome: 'refused',
      code,
      message,
      standing,
    },
    standing: null,
    input: null,
  };
}
