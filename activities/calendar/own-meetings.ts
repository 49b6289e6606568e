/**
 * What only the person's own calendar tells about their busy time: which of it is tentative, and
 * which is at a place they have to travel to. It never makes time free that was reported as busy.
 */
import type { BusyInterval } from './availability.ts';
import { packSpans, subtract, toIntervals, unite } from './availability-spans.ts';
import type { CalendarEvent } from './port.ts';

/** Places that need no travel: links, and words for meeting online. */
const online =
  /https?:|\b(?:online|video|virtual|remote|phone|call|zoom|teams|meet|webex|skype)\b/i;

/** The reported busy time, told apart with the help of the events that are known. */
export function tellApart(
  reported: readonly BusyInterval[],
  events: readonly CalendarEvent[],
): BusyInterval[] {
  const own = events.filter(
    ({ busy, cancelled, response }) => busy && !cancelled && response !== 'declined',
  );
  const asInterval = (event: CalendarEvent): BusyInterval => ({
    startMs: event.startMs,
    endMs: event.endMs,
    tentative: isTentative(event),
    elsewhere: isElsewhere(event),
  });
  const tentative = own.filter(isTentative);
  const firm = own.filter((event) => !isTentative(event));
  const rest = subtract(
    packSpans(reported.filter((interval) => interval.tentative !== true)),
    packSpans(tentative),
  );
  return [
    ...toIntervals(unite(rest, packSpans(firm))),
    ...reported.filter((interval) => interval.tentative === true),
    ...tentative.map(asInterval),
    ...firm.filter(isElsewhere).map(asInterval),
  ];
}

function isTentative({ showAs, response }: CalendarEvent): boolean {
  return showAs === 'tentative' || response === 'tentative';
}

function isElsewhere({ location, rooms }: CalendarEvent): boolean {
  return (
    location !== null && location.trim() !== '' && rooms.length === 0 && !online.test(location)
  );
}
