/**
 * Who takes part in a search for a time, and what directory and calendars know of their time. A
 * calendar that cannot be read is unknown, never free; hours that nobody knows are not assumed.
 */
import { limits } from '#contracts/limits.ts';
import type { Person, WorkingHours } from '#contracts/schemas/common.ts';
import type { ToolInput } from '#contracts/schemas/tools.ts';
import { failure } from '../failures.ts';
import { readAccounts } from '../accounts.ts';
import type { BusyInterval, Participant } from './availability.ts';
import { busyTimesOf } from './busy-times.ts';
import type { CalendarDeps } from './dependencies.ts';
import { wishesOf } from './find-time-wishes.ts';
import { tellApart } from './own-meetings.ts';
import type { ResolvedWindow } from './time-phrases.ts';
import { MINUTE_MS } from './zone-time.ts';

/** For the person themselves, when neither directory nor provider knows: nights help nobody. */
const officeHours: WorkingHours = { days: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' };

/** Whose search it is, and what for. */
export type Search = {
  readonly owner: string;
  readonly zone: string;
  readonly input: ToolInput<'findTime'>;
  readonly window: ResolvedWindow;
};

/** Everyone with their time. The person themselves always takes part. */
export async function participantsOf(deps: CalendarDeps, search: Search): Promise<Participant[]> {
  const { owner, zone, input } = search;
  const required = [...new Set([owner, ...input.people])];
  const optional = [...new Set(input.optionalPeople ?? [])].filter((p) => !required.includes(p));
  const emails = [...required, ...optional];
  const stranger = input.perPerson?.find(({ email }) => !emails.includes(email));
  if (stranger !== undefined) {
    const message = `perPerson names ${stranger.email}, who is not among the people.`;
    throw failure('InvalidInputError', message);
  }
  const [known, busy] = await Promise.all([
    deps.directory.find(owner, emails),
    busyAround(deps, emails, search),
  ]);
  const me = known.get(owner) ?? (await hoursOfOwner(deps, owner, zone));
  return emails.map((email): Participant => {
    const wished = input.perPerson?.find((one) => one.email === email);
    const { name, ...hours } = email === owner ? me : (known.get(email) ?? hoursUnknown(zone));
    return {
      email,
      ...(name === undefined ? {} : { name }),
      zone: hours.zone,
      workingHours: hours.workingHours,
      busy: busy.get(email) ?? 'unknown',
      required: required.includes(email),
      wishes: wishesOf(wished?.must, wished?.prefer),
      travelMinutes: email === owner ? (input.travelMinutes ?? 0) : 0,
      inconvenienced: wished?.badHoursBefore ?? 0,
    };
  });
}

type Hours = Pick<Person, 'zone'> & {
  readonly name?: string;
  readonly workingHours: WorkingHours | 'unknown';
};

/** What the provider of the default account knows of the person's hours stands in for the directory. */
async function hoursOfOwner(deps: CalendarDeps, owner: string, zone: string): Promise<Hours> {
  const { email } = await deps.accounts.meant(owner, null);
  const settings = await (await deps.calendar(owner, email)).settings();
  return { zone: settings.zone ?? zone, workingHours: settings.workingHours ?? officeHours };
}

function hoursUnknown(zone: string): Hours {
  return { zone, workingHours: 'unknown' };
}

async function busyAround(
  deps: CalendarDeps,
  emails: readonly string[],
  { owner, zone, input, window }: Search,
): Promise<ReadonlyMap<string, readonly BusyInterval[] | 'unknown'>> {
  const minutes = Math.max(input.bufferMinutes ?? limits.bufferMinutes, input.travelMinutes ?? 0);
  const fromMs = window.fromMs - minutes * MINUTE_MS;
  const toMs = window.toMs + minutes * MINUTE_MS;
  const [reported, { found, unreachable }] = await Promise.all([
    busyTimesOf(deps, owner, emails, fromMs, toMs),
    readAccounts(await deps.accounts.covered(owner), async ({ email }) =>
      (await deps.calendar(owner, email)).listEvents({
        fromMs,
        toMs,
        zone,
        limit: limits.eventListMax,
      }),
    ),
  ]);
  const events = found.flatMap(({ value }) => value.events);
  const own = reported.get(owner) ?? 'unknown';
  // Where not every event is known, nothing says that a tentative one is all there is then.
  const isWhole = unreachable.length === 0 && !found.some(({ value }) => value.truncated);
  if (own === 'unknown' || !isWhole) return reported;
  return new Map([...reported, [owner, tellApart(own, events)]]);
}
