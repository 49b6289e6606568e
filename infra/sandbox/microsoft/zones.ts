/**
 * Time zones as Graph names them: Windows names, and the IANA names its documentation lists. Any
 * other name is refused, never guessed.
 */
import { findIana, findWindows, WINDOWS_TO_IANA_MAP } from 'windows-iana';
import { GraphError } from './errors.ts';

/** Every Windows zone this service knows. */
export const windowsZones: readonly string[] = [
  ...new Set(WINDOWS_TO_IANA_MAP.map(({ windowsName }) => windowsName)),
];

/** The IANA zone of each Windows zone where no country is named; Graph lists about these. */
export const listedIanaZones: readonly string[] = windowsZones.flatMap(
  (zone) => findIana(zone)[0] ?? [],
);

/** Spellings of UTC that Outlook takes and gives. */
const utcNames = new Set(['utc', 'gmt', 'etc/utc', 'etc/gmt', 'tzone://microsoft/utc']);

/** The IANA zone behind a name a client sent. @throws GraphError 400 when it is none we know. */
export function ianaZone(name: string): string {
  if (utcNames.has(name.toLowerCase())) return 'utc';
  const found = findIana(name)[0];
  if (found !== undefined) return found;
  if (listedIanaZones.some((zone) => zone === name)) return name;
  const message = `A valid TimeZone value must be specified. The following TimeZone value is not supported: '${name}'.`;
  throw new GraphError(400, 'TimeZoneNotSupportedException', message);
}

/** The Windows zone of an IANA zone; the IANA name itself where Windows has none. */
export function windowsZone(iana: string): string {
  if (utcNames.has(iana.toLowerCase())) return 'UTC';
  return findWindows(iana)[0] ?? iana;
}
