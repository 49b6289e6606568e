/**
 * Runs live checks one after the other, prints one line for each, and takes away again what they made.
 * What a vendor does differently from what we assume is a finding, never a failure.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Answer, type Wire } from './wire.ts';

/** What a check works with. */
export type Live = {
  readonly wire: Wire;
  /** The account's own address: all mail goes to it. */
  readonly account: string;
  /** Marks everything a run makes: in titles, subjects and names. */
  readonly runId: string;
  /** How long to wait for what comes late, such as a search index. */
  readonly patienceMs: number;
  /** Has something taken away when all checks are done, last made first. */
  later(what: string, undo: () => Promise<unknown>): void;
};

/** One question to a vendor; docs/live-checks.md says under `id` what hangs on the answer. */
export type Check = {
  readonly id: string;
  run(live: Live): Promise<string>;
};

/**
 * Runs them all. `print` gets one line a check, and one for each thing that could not be removed.
 * `sweep` takes away what arrived in the mailbox besides.
 */
export async function runChecks(
  { checks, sweep }: { checks: readonly Check[]; sweep: (live: Live) => Promise<void> },
  given: Omit<Live, 'later'>,
  print: (line: string) => void,
): Promise<void> {
  const undos: { what: string; undo: () => Promise<unknown> }[] = [];
  const live: Live = { ...given, later: (what, undo) => void undos.push({ what, undo }) };
  for (const { id, run } of checks) {
    const found = await run(live).catch((error: unknown) => `could not tell: ${textOf(error)}`);
    print(`${id}: ${found}`);
  }
  live.later('mail that arrived', async () => {
    await sleep(live.patienceMs / 6); // Sent copies show late, and those are to go too.
    await sweep(live);
  });
  for (const { what, undo } of [...undos.slice(0, -1).toReversed(), ...undos.slice(-1)]) {
    const left = (why: string): void => print(`left behind: ${what} (${why})`);
    try {
      const answer = await undo();
      const isGone = !(answer instanceof Answer) || [404, 410].includes(answer.status);
      if (!isGone && answer.status >= 300) left(answer.said);
    } catch (error) {
      left(textOf(error));
    }
  }
}

/** Looks until something is there; gives it with the seconds that took, or null. */
export async function eventually<Found>(
  { patienceMs }: Live,
  look: () => Promise<Found | null>,
): Promise<{ found: Found; seconds: string } | null> {
  const start = Date.now();
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    const found = await look();
    const elapsedMs = Date.now() - start;
    if (found !== null) return { found, seconds: `${(elapsedMs / 1_000).toFixed(1)} s` };
    if (elapsedMs + pauseMs > patienceMs) return null;
    await sleep(pauseMs);
  }
}

/** A mail to the account itself, as we write them: CRLF, and two headers to find it again by. */
export function mimeOf(
  { account, runId }: Live,
  subject: string,
  more: Readonly<Record<string, string>> = {},
): { raw: string; messageId: string; effectKey: string } {
  const name = `${runId}.${subject.replace(/\W+/g, '-')}`;
  const messageId = `<${name}@${account.split('@')[1] ?? 'example.com'}>`;
  const effectKey = `${runId}-${subject}`.replace(/\W+/g, '-');
  const headers = {
    From: account,
    To: account,
    Subject: `${subject} ${runId}`,
    'Message-ID': messageId,
    Date: new Date().toUTCString(),
    'X-Effect-Key': effectKey,
    'MIME-Version': '1.0',
    'Content-Type': 'text/plain; charset=utf-8',
    ...more,
  };
  const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`);
  const text = `Written by ${runId}.\r\n\r\n  Two spaces, and a link: https://example.com/a?b=c\r\n`;
  return { raw: `${lines.join('\r\n')}\r\n\r\n${text}`, messageId, effectKey };
}

/** The first day of the month after next, far enough to be in nobody's way: `YYYY-MM-DD`. */
export function farDay(): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear() + 1, now.getUTCMonth(), 1))
    .toISOString()
    .slice(0, 10);
}

/** `kept`, or what stands there instead. */
export function kept(found: string | null | undefined, wanted: string): string {
  if (found === wanted) return 'kept';
  return found ? `replaced by ${found}` : 'gone';
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
