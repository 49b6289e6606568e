/**
 * Windows' names for time zones and IANA's, by CLDR's table. It never guesses: a zone the table does
 * not know, or knows by a name whose clock differs, is refused when writing and left to the caller when
 * reading.
 * @see https://cldr.unicode.org/ windowsZones
 */
import { findIana, findIanaAliases, findWindows } from 'windows-iana';
import { failure } from '../failures.ts';
import { DAY_MS, isZone, offsetSegments } from './zone-time.ts';

/** How far ahead the two clocks of a zone are compared. */
const comparedMs = 366 * DAY_MS;

/**
 * The Windows name of an IANA zone, for what goes by its clock from then on.
 * @throws InvalidInputError when Microsoft has none, or one that shows other times
 */
export function toWindowsZone(zone: string, fromMs: number): string {
  const name = sameClock(zone, fromMs, fromMs + comparedMs);
  if (name !== undefined) return name;
  throw failure(
    'InvalidInputError',
    `Microsoft knows no time zone whose clock is that of ${zone}.`,
  );
}

/** The Windows name of a zone if both show the same time at an instant. */
export function windowsZoneAt(zone: string, ms: number): string | undefined {
  return sameClock(zone, ms, ms + 1);
}

/**
 * The IANA zone of a name Microsoft gave, which may be an IANA one already. One Windows name stands for
 * many zones; `preferred` is taken when it is among them. Undefined for a zone of somebody's own making.
 */
export function toIanaZone(name: string, preferred?: string): string | undefined {
  const windows = windowsNameOf(name) ?? name;
  if (preferred !== undefined && windowsNameOf(preferred) === windows) return preferred;
  return isZone(name) && name.includes('/') ? name : findIana(windows).find(isZone);
}

function windowsNameOf(zone: string): string | undefined {
  // The table lists one spelling of each zone; others ("Asia/Kolkata") are aliases of it.
  return [zone, ...findIanaAliases(zone)].flatMap((name) => findWindows(name))[0];
}

/** The table is older than some changes of clocks: what it has for Bishkek is Almaty's. */
function sameClock(zone: string, fromMs: number, toMs: number): string | undefined {
  const name = windowsNameOf(zone);
  const standsFor = name === undefined ? undefined : findIana(name).find(isZone);
  if (standsFor === undefined) return undefined;
  const [asked, shown] = [zone, standsFor].map((one) => offsetSegments(one, fromMs, toMs));
  return JSON.stringify(asked) === JSON.stringify(shown) ? name : undefined;
}
