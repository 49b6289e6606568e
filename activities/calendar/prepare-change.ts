/**
 * Resolves a change of an event to one complete payload: which event is written, the fields as they
 * are and as they are to be and, for "this and following", how the series is cut. Reads only.
 */
import type { StepContext } from '#contracts/activities.ts';
import type { EventFields, UpdateEventPayload } from '#contracts/schemas/event-changes.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import { ownAddressesOf } from '../accounts.ts';
import type { PreparedPayload } from '../effects/handler.ts';
import { failure } from '../failures.ts';
import { changeCard } from './change-cards.ts';
import { conflictsAt, notLooked } from './conflicts.ts';
import type { CalendarAccess } from './dependencies.ts';
import { fieldsOf, isShared, pick, type WholeEvent } from './event-fields.ts';
import { countGuests, timesOf } from './existing-event.ts';
import { movedLike, movedStart, type NewTimes, newTimes } from './new-times.ts';
import type { CalendarEvent } from './port.ts';
import { countStarts, dateText, dayOf, moveRule, msOf } from './recurrence.ts';
import { resolveRepeat } from './repeat.ts';
import { type Cut, cutSeries, instancesOf, ruleOf, type Target, targetOf } from './series.ts';
import { toRfc3339, wallClock } from './zone-time.ts';

/** What is asked for: the input of updateEvent, or a part of it. */
export type ChangeAsked = ToolInput<'updateEvent'>;

/**
 * Prepares a change.
 * @throws NotFoundError, PermissionDeniedError, InvalidInputError saying what cannot be
 */
export async function prepareChange(
  deps: CalendarAccess,
  context: StepContext,
  asked: ChangeAsked,
  verb: 'move' | 'change',
): Promise<PreparedPayload<UpdateEventPayload>> {
  const target = await targetOf(deps, context, asked, verb);
  const { scope, event, written, account } = target;
  const { zone } = written;
  const cut = scope === 'following' ? await cutSeries(target, zone) : null;
  const base = cut === null ? fieldsOf(written, zone) : secondHalf(target, cut.rest);
  const times = timesAsked(target, asked, context);
  const { after, notes } = fieldsAsked(target, base, asked, times, context);
  if (Object.keys(after).length === 0) {
    throw failure('InvalidInputError', 'Nothing about the event would change.');
  }
  const whole: WholeEvent = { ...base, ...(after as Partial<WholeEvent>) };
  const isTold = cut !== null || isShared(after);
  const moves = after.start !== undefined || after.recurrence !== undefined;
  const { looked, warnings } =
    moves && whole.showAs !== 'free'
      ? await conflictsAt(deps, context.owner, whole, [event.id, written.id])
      : notLooked;
  const payload: UpdateEventPayload = {
    kind: 'updateEvent',
    account,
    eventId: written.id,
    etag: written.etag,
    title: written.title,
    guests: isTold ? [...new Set([...peopleOf(base), ...peopleOf(whole)])] : [],
    scope,
    zone,
    start: whole.start,
    end: whole.end,
    before: pick(base, after),
    after,
    split:
      cut === null
        ? null
        : {
            previous: copy(cut.previous),
            kept: copy(cut.kept),
            lost: cut.lost,
            continuation: entire(whole),
          },
    instances: scope === 'all' && after.recurrence == null ? instancesOf(target) : countOf(whole),
    ...looked,
  };
  const card = changeCard(payload, await ownAddressesOf(deps, context.owner));
  const told = payload.guests.length === 0 ? '' : ` and tell ${countGuests(payload.guests)}`;
  return {
    payload,
    recipients: payload.guests,
    card: {
      ...card,
      warnings: [...card.warnings, ...times.notes, ...notes, ...warnings],
    },
    summary: `Change ${scope === 'this' ? 'an event' : 'a series'}${told}`,
  };
}

/** A payload's own copy of a recurrence, whose lists may be written. */
export function copy({ rule, excluded }: Cut['kept']): { rule: string; excluded: string[] } {
  return { rule, excluded: [...excluded] };
}

function entire(event: WholeEvent): NonNullable<UpdateEventPayload['split']>['continuation'] {
  const { recurrence, guests, optionalGuests, rooms, ...rest } = event;
  return {
    ...rest,
    guests: [...guests],
    optionalGuests: [...optionalGuests],
    rooms: [...rooms],
    recurrence: recurrence === null ? null : copy(recurrence),
  };
}

/** The second half of a series before anything else about it changes. */
function secondHalf({ event, written }: Target, rest: Cut['rest']): WholeEvent {
  const { zone } = written;
  return { ...fieldsOf(written, zone), ...timesOf(byRule(event, written), zone), recurrence: rest };
}

function timesAsked(
  { scope, event, written }: Target,
  asked: ChangeAsked,
  context: StepContext,
): NewTimes {
  if (scope === 'this') return newTimes(event, asked, context);
  const times = newTimes(byRule(event, written), asked, context);
  return scope === 'all' && event !== written ? movedLike(written, times) : times;
}

/** An occurrence where the rule of its series has it, wherever it was moved. */
function byRule(event: CalendarEvent, series: CalendarEvent): CalendarEvent {
  const startMs = event.originalStartMs ?? event.startMs;
  const endMs = startMs + series.endMs - series.startMs;
  if (series.allDay === null) return { ...event, startMs, endMs, allDay: null, zone: series.zone };
  const from = dateText(wallClock(event.zone, startMs).day);
  const length = dayOf(series.allDay.to) - dayOf(series.allDay.from);
  return { ...event, startMs, endMs, allDay: { from, to: dateText(dayOf(from) + length) } };
}

/** The fields that differ from what is there, with their new values. */
function fieldsAsked(
  { scope, event, written }: Target,
  base: WholeEvent,
  asked: ChangeAsked,
  times: NewTimes,
  context: StepContext,
): { after: EventFields; notes: readonly string[] } {
  const { zone } = written;
  const after: EventFields = {};
  const notes: string[] = [];
  if (asked.title != null) after.title = asked.title;
  if (asked.location != null) after.location = asked.location === '' ? null : asked.location;
  if (asked.description != null)
    after.description = asked.description === '' ? null : asked.description;
  if (asked.start != null || asked.durationMinutes != null) {
    Object.assign(after, { start: times.start, end: times.end, zone });
    if (base.recurrence !== null) after.recurrence = movedRecurrence(base, times, zone);
    else if (scope !== 'this') ruleOf(written);
  }
  if (asked.repeat != null) {
    if (scope === 'this' && event.recurringEventId !== null) {
      throw failure(
        'InvalidInputError',
        'One occurrence does not repeat: say scope "following" or "all".',
      );
    }
    const start = after.start ?? base.start;
    const lengthMs = msOf(after.end ?? base.end, zone) - msOf(start, zone);
    const repeat = resolveRepeat(asked.repeat, start, zone, context);
    after.recurrence = copy(repeat.recurrence);
    notes.push(...repeat.notes);
    if (repeat.start !== start) {
      const end = toRfc3339(msOf(repeat.start, zone) + lengthMs, zone);
      const isDay = !repeat.start.includes('T');
      Object.assign(after, { start: repeat.start, end: isDay ? end.slice(0, 10) : end, zone });
    }
  }
  Object.assign(after, peopleAsked(base, asked));
  for (const name of ['reminderMinutes', 'conference', 'private', 'showAs'] as const) {
    if (asked[name] != null) Object.assign(after, { [name]: asked[name] });
  }
  const unchanged = (name: string) =>
    JSON.stringify(after[name as keyof EventFields]) ===
    JSON.stringify(base[name as keyof WholeEvent]);
  const isMoved = !unchanged('start') || !unchanged('end') || !unchanged('recurrence');
  const changed = Object.entries(after).filter(([name]) =>
    ['start', 'end', 'zone'].includes(name) ? isMoved : !unchanged(name),
  );
  return { after: Object.fromEntries(changed), notes };
}

function movedRecurrence(
  { recurrence, start }: WholeEvent,
  times: NewTimes,
  zone: string,
): NonNullable<EventFields['recurrence']> {
  const { rule = '', excluded = [] } = recurrence ?? {};
  const fromDay = wallClock(zone, msOf(start, zone)).day;
  return {
    rule: moveRule(rule, fromDay, fromDay + times.dayShift),
    excluded: excluded.map((time) => movedStart(time, times, zone)),
  };
}

function peopleAsked(base: WholeEvent, asked: ChangeAsked): EventFields {
  const gone = new Set(asked.removeGuests ?? []);
  const optional = asked.addOptionalGuests ?? [];
  const required = asked.addGuests ?? [];
  const changed: EventFields = {};
  if (asked.addGuests != null || asked.addOptionalGuests != null || asked.removeGuests != null) {
    const stay = (people: readonly string[]) => people.filter((email) => !gone.has(email));
    const unlike = (people: readonly string[], others: readonly string[]) =>
      people.filter((email) => !others.includes(email));
    changed.guests = [...new Set([...unlike(stay(base.guests), optional), ...required])];
    changed.optionalGuests = [
      ...new Set([...unlike(stay(base.optionalGuests), required), ...optional]),
    ];
  }
  if (asked.addRooms != null) changed.rooms = [...new Set([...base.rooms, ...asked.addRooms])];
  return changed;
}

function countOf({ recurrence, start, zone }: WholeEvent): number | null {
  return recurrence === null ? 1 : countStarts(recurrence, { start, zone });
}

function peopleOf({ guests, optionalGuests }: WholeEvent): string[] {
  return [...guests, ...optionalGuests];
}
