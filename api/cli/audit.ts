/**
 * `audit export` and `audit verify`. A bundle is JSON lines: a head, the caller's entries in the order
 * of their chain, the histories with their anchors, and an end, so that a file cut short is noticed.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { AnchorHistory, ChainedEntry } from '#contracts/audit.ts';
import { type Audit, type AuditFinding, verifyAudit } from '#infra/audit-verification.ts';
import { entrySchema, historySchema } from '../audit/audit-schemas.ts';
import type { ApiClient } from './api-client.ts';
import { CliError } from './find-api.ts';

type Print = (line: string) => void;
type AuditApi = Pick<ApiClient, 'audit' | 'auditAnchors'>;

const headSchema = z.object({ kind: z.literal('audit'), version: z.literal(1), owner: z.string() });
const lineSchema = z.discriminatedUnion('kind', [
  headSchema,
  z.object({ kind: z.literal('entry'), ...entrySchema.shape }),
  z.object({ kind: z.literal('history'), ...historySchema.shape }),
  z.object({ kind: z.literal('end'), entries: z.int(), histories: z.int() }),
]);

/** `audit export`: prints the caller's bundle. */
export async function exportCommand(api: AuditApi, print: Print): Promise<number> {
  const { owner, entries, histories } = await fetchAudit(api);
  print(JSON.stringify({ kind: 'audit', version: 1, owner }));
  for (const entry of entries) print(JSON.stringify({ kind: 'entry', ...entry }));
  for (const history of histories) print(JSON.stringify({ kind: 'history', ...history }));
  const counts = { entries: entries.length, histories: histories.length };
  print(JSON.stringify({ kind: 'end', ...counts }));
  return 0;
}

/** The exit code that says: whether the audit is whole could not be checked, or not to its end. */
export const notChecked = 2;

/** `audit verify`: returns 0 when the audit is whole, 1 with findings, else `notChecked`. */
export function verifyCommand(audit: Audit, print: Print): number {
  const verdict = verifyAudit(audit);
  const { findings, unconfirmed, unread } = verdict;
  const tell = (title: string, list: readonly AuditFinding[]) => {
    for (const { seq, problem } of list) print(`${title} ${seq}: ${problem}`);
  };
  tell('entry', findings);
  tell('not confirmed: entry', unconfirmed);
  for (const { goalId, problem } of unread) print(`not read: goal ${goalId}: ${problem}`);
  const holds = findings.length === 0 ? 'chain holds' : `${findings.length} findings`;
  print(`${verdict.entries} entries, ${verdict.anchors} anchors, ${holds}`);
  if (findings.length > 0) return 1;
  return unconfirmed.length > 0 || unread.length > 0 ? notChecked : 0;
}

/** Reads a bundle from a file. @throws CliError when it cannot be read to its end */
export async function readBundle(file: string): Promise<Audit> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CliError(`${file} cannot be read.`);
  });
  const lines = text.split('\n').filter((line) => line !== '');
  const entries: ChainedEntry[] = [];
  const histories: AnchorHistory[] = [];
  let owner: string | undefined;
  let complete = false;
  for (const [index, line] of lines.entries()) {
    const parsed = parseLine(line);
    if (parsed === undefined) throw new CliError(`${file}: line ${index + 1} is damaged.`);
    if (parsed.kind === 'audit') owner = parsed.owner;
    if (parsed.kind === 'entry') entries.push(parsed);
    if (parsed.kind === 'history') histories.push(parsed);
    if (parsed.kind === 'end') {
      complete = parsed.entries === entries.length && parsed.histories === histories.length;
    }
  }
  if (owner === undefined || !complete) {
    throw new CliError(`${file} is not a whole bundle. Export it again.`);
  }
  return { owner, entries, histories };
}

function parseLine(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/**
 * Fetches everything over the api. An entry is written before its receipt reaches a history, so
 * entries are read first, then the anchors, then the entries of anchors that were newer: what is
 * missing afterwards is missing, not late.
 */
export async function fetchAudit(api: AuditApi): Promise<Audit> {
  const entries: ChainedEntry[] = [];
  let owner = '';
  const readEntries = async (upTo: number) => {
    for (let more = true; more && (entries.at(-1)?.seq ?? 0) < upTo;) {
      const page = await api.audit(entries.at(-1)?.seq ?? 0);
      owner = page.owner;
      entries.push(...page.entries.filter(({ seq }) => seq <= upTo));
      more = page.nextAfter !== null;
    }
  };
  await readEntries(Number.MAX_SAFE_INTEGER);
  const histories: AnchorHistory[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page = await api.auditAnchors(cursor === '' ? {} : { cursor });
    histories.push(...page.histories);
    cursor = page.nextCursor;
  }
  const newestAnchor = () =>
    histories.flatMap(({ anchors }) => anchors).reduce((last, { seq }) => Math.max(last, seq), 0);
  await readEntries(newestAnchor());
  // Temporal lists a goal some moments after it has started; asked for by id, it is there at once.
  const anchored = newestAnchor();
  const listed = new Set(histories.map(({ goalId }) => goalId));
  const unlisted = entries.filter(({ seq, goalId }) => seq > anchored && !listed.has(goalId));
  for (const goalId of new Set(unlisted.map((entry) => entry.goalId))) {
    histories.push(...(await api.auditAnchors({ goalId })).histories);
  }
  await readEntries(newestAnchor());
  return { owner, entries, histories };
}
