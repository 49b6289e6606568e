/**
 * One name for a meeting in every calendar that has it, whichever vendor keeps it. Exchange writes its
 * own form for single occurrences; what cannot be read stays a name of its own, so that two meetings
 * are never taken for one.
 * @see https://learn.microsoft.com/en-us/openspecs/exchange_server_protocols/ms-oxocal (PidLidGlobalObjectId)
 */

/** Class id, day of the occurrence, creation time and reserved bytes, size, data; in hexadecimal. */
const exchangeForm =
  /^(?<head>040000008200E00074C5B7101A82E008)[0-9A-F]{8}(?<rest>[0-9A-F]{40})(?<data>[0-9A-F]+)$/i;
/** Before a UID that came from elsewhere: "vCal-Uid" and a version. */
const foreign = /^7643616C2D55696401000000(?<uid>(?:[0-9A-F]{2})+?)(?:00)?$/i;

/** The UID of a meeting and of all its occurrences; null where the provider tells none. */
export function meetingUid(iCalUid: string | null | undefined): string | null {
  if (!iCalUid) return null;
  const parts = exchangeForm.exec(iCalUid)?.groups;
  if (parts === undefined) return iCalUid;
  const uid = foreign.exec(parts['data'] ?? '')?.groups?.['uid'];
  if (uid !== undefined) return Buffer.from(uid, 'hex').toString('utf8');
  return `${parts['head']}00000000${parts['rest']}${parts['data']}`.toUpperCase();
}
