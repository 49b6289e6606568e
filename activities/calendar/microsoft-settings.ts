/** The time zone and the working hours a mailbox keeps. It reads; the person's own settings come first. */
import type {
  DayOfWeek,
  MailboxSettings,
  WorkingHours as GraphWorkingHours,
} from '@microsoft/microsoft-graph-types';
import type { WorkingHours } from '#contracts/schemas/common.ts';
import type { MicrosoftSession } from '../microsoft/client.ts';
import { toIanaZone } from './windows-zones.ts';

/** ISO numbers: Monday is 1. */
const isoDays: Record<DayOfWeek, number> = {
  monday: 1,
  tuesday: 2,
  wednesday: 3,
  thursday: 4,
  friday: 5,
  saturday: 6,
  sunday: 7,
};

/** What the mailbox says; null for what it does not say in terms we know. */
export async function readSettings(
  session: MicrosoftSession,
): Promise<{ zone: string | null; workingHours: WorkingHours | null }> {
  const settings = await session.read(
    'read the mailbox settings',
    (signal) =>
      session
        .api('/me/mailboxSettings?$select=timeZone,workingHours')
        .options({ signal })
        .get() as Promise<MailboxSettings>,
  );
  const zone = toIanaZone(settings.timeZone ?? '') ?? null;
  return { zone, workingHours: toWorkingHours(settings.workingHours, zone) };
}

/** Working hours on another clock than the mailbox's are not ours to convert. */
function toWorkingHours(
  hours: GraphWorkingHours | null | undefined,
  zone: string | null,
): WorkingHours | null {
  const { daysOfWeek, startTime, endTime, timeZone } = hours ?? {};
  if (!daysOfWeek || !startTime || !endTime || zone === null) return null;
  if (timeZone?.name && toIanaZone(timeZone.name, zone) !== zone) return null;
  const days = daysOfWeek.flatMap((day) => (day === null ? [] : isoDays[day]));
  // `08:00:00.0000000`
  return {
    days: days.toSorted((a, b) => a - b),
    start: startTime.slice(0, 5),
    end: endTime.slice(0, 5),
  };
}
