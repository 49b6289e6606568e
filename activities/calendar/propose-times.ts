/**
 * The proposeTimes activity: a mail that offers times, on the reader's clock. Written by code, so
 * that every time in it is right; it sends nothing.
 */
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import { parseToolInput } from '../tool-input.ts';
import { cleanLine } from '../visible-text.ts';
import type { CalendarDeps } from './dependencies.ts';
import { offer } from './proposal-text.ts';
import { wallClock } from './zone-time.ts';

/** Few enough to answer in one word. */
const defaultCount = 3;

/** Effect: none. Idempotency: a read. Heartbeats: no. @throws InvalidInputError */
export async function proposeTimes(
  { directory }: Pick<CalendarDeps, 'directory'>,
  { context, input: raw, trust, origins }: ReadRequest,
): Promise<ReadResult> {
  const input = parseToolInput('proposeTimes', raw);
  const owner = context.owner.toLowerCase();
  const known = await directory.find(owner, [owner, input.to]);
  const reader = known.get(input.to);
  const theirs = reader?.zone ?? input.zone ?? undefined;
  const zone = theirs ?? context.zone;
  const name = reader?.name.split(' ')[0];
  const times = input.slots.map(({ start, end }) => ({
    startMs: Date.parse(start),
    endMs: Date.parse(end),
  }));
  const lines = onDifferentDays(times, zone)
    .slice(0, input.count ?? defaultCount)
    .sort((a, b) => a.startMs - b.startMs)
    .map((time, index) => `${index + 1}. ${offer(index + 1, time, zone).text}`);
  const topic = cleanLine(input.topic, 200);
  const question =
    lines.length === 1
      ? `Would this time suit you for ${topic}?`
      : `Which of these times would suit you for ${topic}?`;
  const body = [
    name === undefined ? 'Hello,' : `Hi ${name},`,
    '',
    theirs === undefined ? `${question} They are in my time zone.` : question,
    '',
    ...lines,
    '',
    'Please tell me which one, or suggest another.',
    '',
    'Best regards,',
    known.get(owner)?.name ?? owner,
  ].join('\n');
  const subject = cleanLine(`Times for ${topic}`, 200);
  return { value: { subject, body, zone }, trust, origins: [...origins] };
}

type Time = { readonly startMs: number; readonly endMs: number };

/** The first time of each day before the second of any: who answers "Tuesday" means one time. */
function onDifferentDays(times: readonly Time[], zone: string): Time[] {
  const dayOf = ({ startMs }: Time) => wallClock(zone, startMs).day;
  const turn = (time: Time, index: number) =>
    times.slice(0, index).filter((other) => dayOf(other) === dayOf(time)).length;
  return times
    .map((time, index) => ({ time, turn: turn(time, index) }))
    .sort((a, b) => a.turn - b.turn)
    .map(({ time }) => time);
}
