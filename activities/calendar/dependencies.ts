/** What the calendar activities and handlers are given. */
import type { Accounts } from '../accounts.ts';
import type { Directory } from '../people.ts';
import type { CalendarPortOf } from './port.ts';

export type CalendarDeps = {
  readonly calendar: CalendarPortOf;
  readonly accounts: Accounts;
  readonly directory: Directory;
};

/** What is needed to look at, and to change, the calendars of a person. */
export type CalendarAccess = Pick<CalendarDeps, 'calendar' | 'accounts'>;
