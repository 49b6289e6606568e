/** How far a calendar effect reaches, for its card: who is told, by how many mails, how often it happens. */
import type { CardLine } from '#contracts/approval.ts';
import { outsideOf } from '../outside.ts';

/** What an effect reaches. */
export type Reach = {
  /** Whose calendar it is: outsiders are judged by it. */
  readonly account: string;
  /** The person's own addresses. */
  readonly own: ReadonlySet<string>;
  /** Everyone who is told. */
  readonly told: readonly string[];
  readonly rooms?: readonly string[];
  /** Writes at the provider that it mails the guests about; one where nothing is said. */
  readonly writes?: number;
  /** Occurrences; null without an end. One where nothing is said. */
  readonly instances?: number | null;
};

/** The line of a card. Providers send these mails themselves, to those they see a change for. */
export function reachLine(reach: Reach): CardLine {
  const { told, rooms = [], writes = 1, instances = 1 } = reach;
  const outside = outsideOf(told, reach.account, reach.own).length;
  const parts = [
    told.length === 0
      ? 'nobody is told'
      : `${count(told.length, 'guest')}${outside === 0 ? '' : `, ${outside} outside your organisation`}`,
    ...(told.length === 0 ? [] : [`up to ${count(told.length * writes, 'mail')}`]),
    ...(rooms.length === 0 ? [] : [count(rooms.length, 'room')]),
    ...(instances === 1
      ? []
      : [instances === null ? 'occurrences without an end' : count(instances, 'occurrence')]),
  ];
  return { label: 'Reach', value: parts.join('; ') };
}

function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`;
}
