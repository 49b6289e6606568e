/**
 * Verifies an audit: recomputes the chain of one owner and holds it against the anchors in Temporal's
 * histories. Pure, and needs no secret. It says what is wrong, never who did it.
 */
import { createHash } from 'node:crypto';
import { type AnchorHistory, auditText, type ChainedEntry, genesisHash } from '#contracts/audit.ts';

/** What is verified: the entries of one owner in the order of their chain, and all anchors found. */
export type Audit = {
  readonly owner: string;
  readonly entries: readonly ChainedEntry[];
  readonly histories: readonly AnchorHistory[];
};

/** Something about one entry, named by its number. */
export type AuditFinding = { readonly seq: number; readonly problem: string };

/** What came of it. The audit is whole when all three lists are empty. */
export type AuditVerdict = {
  readonly entries: number;
  /** How many entries have an anchor of their own; one stands for all before it. */
  readonly anchors: number;
  /** Tampering, or damage. */
  readonly findings: readonly AuditFinding[];
  /** Entries at the end of the chain that no history vouches for, with a reason that may be innocent. */
  readonly unconfirmed: readonly AuditFinding[];
  /** Histories that could not be read, with the reason. */
  readonly unread: readonly { readonly goalId: string; readonly problem: string }[];
};

/** Verifies the chain, then the anchors, then what stands behind the last anchor. */
export function verifyAudit(audit: Audit): AuditVerdict {
  const anchors = audit.histories.flatMap((history) =>
    history.anchors.map((anchor) => ({ ...anchor, goalId: history.goalId })),
  );
  const bySeq = new Map(audit.entries.map((entry) => [entry.seq, entry]));
  const broken = anchors.flatMap(({ seq, hash, goalId }): AuditFinding[] => {
    const entry = bySeq.get(seq);
    if (entry?.hash === hash) return [];
    const what = entry === undefined ? 'it is not there' : 'it is another one';
    return [{ seq, problem: `the history of goal ${goalId} has an anchor for it, but ${what}` }];
  });
  const lastAnchor = anchors.reduce((last, { seq }) => Math.max(last, seq), 0);
  const beyond = audit.entries
    .filter(({ seq }) => seq > lastAnchor)
    .map((entry) => ({ ...whyUnanchored(audit.histories, entry), seq: entry.seq }));
  return {
    entries: audit.entries.length,
    anchors: new Set(anchors.map(({ seq, hash }) => `${seq} ${hash}`)).size,
    findings: unique([
      ...chainFindings(audit),
      ...broken,
      ...beyond.filter(({ innocent }) => !innocent),
    ]),
    unconfirmed: unique(beyond.filter(({ innocent }) => innocent)),
    unread: audit.histories.flatMap(({ goalId, problem }) =>
      problem === null ? [] : [{ goalId, problem }],
    ),
  };
}

/** Every place at which the entries are not a chain from the first on. */
function chainFindings({ owner, entries }: Audit): AuditFinding[] {
  const findings: AuditFinding[] = [];
  let next = 1;
  let previous = genesisHash;
  for (const { seq, previousHash, hash, goalId, at, entry } of entries) {
    const find = (problem: string) => findings.push({ seq, problem });
    if (seq > next) find(seq === next + 1 ? `entry ${next} is missing` : missing(next, seq - 1));
    else if (seq < next) find('it is out of order, or there twice');
    else if (previousHash !== previous) find('it does not follow the entry before it');
    if (hashOf(previousHash, seq, { owner, goalId, at, entry }) !== hash) {
      find('its content is not what its hash is over');
    }
    next = seq + 1;
    previous = hash;
  }
  return findings;
}

/** Null for content that canonical JSON cannot hold, which nothing can have written. */
function hashOf(...chained: Parameters<typeof auditText>): string | null {
  try {
    return createHash('sha256')
      .update(auditText(...chained))
      .digest('hex');
  } catch {
    return null;
  }
}

const missing = (from: number, to: number) => `entries ${from} to ${to} are missing`;

/**
 * An entry is written just before its anchor reaches the history, so one without an anchor after it is
 * either of work under way, or was never written by that goal.
 */
function whyUnanchored(
  histories: readonly AnchorHistory[],
  { goalId }: ChainedEntry,
): { innocent: boolean; problem: string } {
  const runs = histories.filter((history) => history.goalId === goalId);
  if (runs.length === 0) {
    const problem = 'Temporal has no history of its goal: past its retention, or never there';
    return { innocent: true, problem };
  }
  if (runs.some(({ problem }) => problem !== null)) {
    return { innocent: true, problem: 'the history of its goal could not be read' };
  }
  if (runs.some(({ openEffects }) => openEffects > 0)) {
    return { innocent: true, problem: 'its goal is still at work' };
  }
  if (runs.some(({ endedFromOutside }) => endedFromOutside)) {
    return { innocent: true, problem: 'its goal was ended from outside before the receipt came' };
  }
  return { innocent: false, problem: 'the history of its goal knows nothing of it' };
}

/** In the order of the chain, each said once, without what only the judging needed. */
function unique(findings: readonly AuditFinding[]): AuditFinding[] {
  const lines = new Map(
    findings.map(({ seq, problem }) => [`${seq} ${problem}`, { seq, problem }]),
  );
  return [...lines.values()].sort((a, b) => a.seq - b.seq);
}
