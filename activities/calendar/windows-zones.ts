/**
 * Windows' names for time zones and IANA's, by CLDR's table. It never guesses: a zone the table does
 * not know is refused when writing and left to the caller when reading.
 * @see https://cldr.unicode.org/ windowsZones
 */
import { findIana, findIanaAliases, findWindows } from 'windows-iana';
import { failure } from '../failures.ts';
import { isZone } from './zone-time.ts';

/** The Windows name of an IANA zone. @throws InvalidInputError when Microsoft has none */
export function toWindowsZone(zone: string): string {
  const name = windowsNameOf(zone);
  if (name !== undefined) return name;
  throw failure('InvalidInputError', `Microsoft knows no time zone that stands for ${zone}.`);
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
