/**
 * The office's meeting rooms. A room answers every invitation at once: it comes when it is free and
 * declines when it is not. Anyone may see when it is taken.
 */
import type { Person } from './state.ts';

/** Rooms in the form of the people who own calendars; they have no mailbox. */
export const rooms: readonly Person[] = ['Aurora', 'Borealis', 'Cirrus'].map((name) => ({
  name: `Room ${name}`,
  email: `room-${name.toLowerCase()}@office.example.com`,
  vendor: 'google',
  zone: 'Europe/Berlin',
  workingHours: { start: '00:00', end: '23:59', days: [1, 2, 3, 4, 5, 6, 7] },
  sharesFreeBusy: true,
}));

/** The room behind an address; undefined for anybody else. */
export function roomAt(email: string): Person | undefined {
  const wanted = email.toLowerCase();
  return rooms.find((room) => room.email === wanted);
}
