/**
 * The ids by which Exchange knows one meeting in every calendar, as Graph's `iCalUId` shows them: its own
 * form for what it made and for single occurrences, and anybody else's UID as it came.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxocal (PidLidGlobalObjectId)
 */

const formClass = '040000008200E00074C5B7101A82E008';
const noDate = '00000000';
const noTimes = '0'.repeat(32);
/** How a UID of somebody else's is kept inside the form. */
const foreignMark = '7643616C2D55696401000000';

/** The id of a meeting made at Microsoft. `unique` is hexadecimal. */
export function newMeetingId(unique: string): string {
  const data = unique.toUpperCase();
  return `${formClass}${noDate}${noTimes}${lengthOf(data)}${data}`;
}

/** The id of one occurrence of a meeting, by the day it starts by its rule: `20261130`. */
export function occurrenceId(meetingId: string, day: string): string {
  const [year, month, date] = [day.slice(0, 4), day.slice(4, 6), day.slice(6, 8)];
  const hex = (digits: string, width: number): string =>
    Number(digits).toString(16).toUpperCase().padStart(width, '0');
  const written = hex(year, 4) + hex(month, 2) + hex(date, 2);
  if (meetingId.startsWith(formClass)) {
    return `${formClass}${written}${meetingId.slice(formClass.length + noDate.length)}`;
  }
  const uid = Buffer.from(`${meetingId}\0`, 'utf8').toString('hex').toUpperCase();
  const data = foreignMark + uid;
  return `${formClass}${written}${noTimes}${lengthOf(data)}${data}`;
}

function lengthOf(data: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(data.length / 2);
  return bytes.toString('hex').toUpperCase();
}
