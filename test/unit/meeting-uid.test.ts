/** One name for a meeting in every calendar: what Exchange writes for occurrences, and what it leaves alone. */
import { describe, expect, it } from 'vitest';
import { meetingUid } from '#activities/calendar/meeting-uid.ts';

const head = '040000008200E00074C5B7101A82E008';
const rest = '0000000000000000000000000000000000000000';
const own = `${head}00000000${rest.slice(0, 32)}10000000${'AB'.repeat(16)}`;
const occurrence = own.replace('E00800000000', 'E00807EA0B1E');
const wrapped = (uid: string) =>
  `${head}07EA0B1E${rest}7643616C2D55696401000000${Buffer.from(`${uid}\0`).toString('hex')}`;

describe('the name of a meeting', () => {
  it.each([
    ['stays as another vendor wrote it', 'abc123@google.com', 'abc123@google.com'],
    ['is the same for every occurrence', occurrence, own],
    ['does not depend on the case of Exchange', occurrence.toLowerCase(), own],
    ['is taken out of what Exchange wraps', wrapped('abc123@google.com'), 'abc123@google.com'],
    ['stays as it is where the form is cut off', head, head],
    ['is none where none is told', undefined, null],
  ])('%s', (_name, written, uid) => {
    expect(meetingUid(written)).toBe(uid);
  });

  it('keeps two meetings apart', () => {
    const other = own.replace('ABAB', 'ABAC');
    expect(meetingUid(other)).not.toBe(meetingUid(own));
  });
});
