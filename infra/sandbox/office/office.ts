/**
 * The office in memory: the state, its clock, its ids and its counters. Routes change the state
 * only through stores that call `changed()`; nothing here knows HTTP or a vendor's wire format.
 */
import { createHash } from 'node:crypto';
import { defaultKnobs, type Knobs } from './knobs.ts';
import { roomAt, rooms } from './rooms.ts';
import type {
  CalendarState,
  EffectRow,
  MailboxState,
  NotificationRow,
  OauthState,
  OfficeState,
  OutlookState,
  Person,
} from './state.ts';

/** One effect as a store reports it; the office keeps the count. */
export interface EffectReport {
  vendor: string;
  operation: string;
  account: string;
  key: string;
  raw: string;
}

/** The office every route group works on. */
export class Office {
  readonly state: OfficeState;
  readonly now: () => Date;
  /** Behaviour that tests turn; set through the oracle. */
  readonly knobs: Knobs = { ...defaultKnobs };
  #onChange: () => void = () => undefined;

  constructor(state: OfficeState, now: () => Date) {
    this.state = state;
    this.now = now;
  }

  /** What only Microsoft's services remember. */
  get outlook(): OutlookState {
    this.state.outlook ??= { endedGrants: {}, rounds: {} };
    return this.state.outlook;
  }

  /** Who works here, each once, with the account they have at the office. */
  get people(): readonly Person[] {
    return this.state.people.filter(({ accountOf }) => accountOf === undefined);
  }

  /** Every account with a calendar and a mailbox: the people's, and further ones of their own. */
  get accounts(): readonly Person[] {
    return this.state.people;
  }

  /** The person the assistant works for. */
  get main(): Person {
    const main = this.people.find((person) => person.main);
    if (!main) throw new Error('The office has no main person.');
    return main;
  }

  /** The account behind an address, in any case; undefined for an outsider. */
  person(email: string): Person | undefined {
    const wanted = email.toLowerCase();
    return this.accounts.find((person) => person.email === wanted);
  }

  /** Whose account an `Authorization` header opens; undefined when the token is not valid now. */
  bearer(authorization: string | undefined): Person | undefined {
    const grant = this.#grant(authorization);
    if (!grant || grant.expiresAt <= this.now().getTime()) return undefined;
    return this.person(grant.email);
  }

  /** What an `Authorization` header permits, in lower case and without a resource's name. */
  scopes(authorization: string | undefined): string[] {
    const granted = this.#grant(authorization)?.scope ?? '';
    return granted.split(' ').map((scope) => scope.replace(/^https:\/\/[^/]+\//, '').toLowerCase());
  }

  #grant(authorization: string | undefined): OauthState['accessTokens'][string] | undefined {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    return token === undefined ? undefined : this.state.oauth.accessTokens[token];
  }

  /**
   * Whether one account may read when another is busy: its own always, others only inside one
   * company that shares, and across vendors only while the two calendars are connected.
   */
  mayReadBusy(asking: Person, other: Person): boolean {
    if (asking.email === other.email) return true;
    const company = ({ email }: Person): string => email.slice(email.indexOf('@'));
    const connected = asking.vendor === other.vendor || this.knobs.calendarInterop;
    return company(asking) === company(other) && other.sharesFreeBusy && connected;
  }

  /** Every account, and the rooms. */
  get calendarOwners(): readonly Person[] {
    return [...this.accounts, ...rooms];
  }

  /** A person's or a room's calendar. @throws Error for an outsider. */
  calendar(email: string): CalendarState {
    if (roomAt(email)) this.state.calendars[email] ??= { events: {}, syncFloor: 0 };
    const calendar = this.state.calendars[email];
    if (!calendar) throw new Error(`No calendar for ${email}.`);
    return calendar;
  }

  /** A person's mailbox. @throws Error for an outsider. */
  mailbox(email: string): MailboxState {
    const mailbox = this.state.mailboxes[email];
    if (!mailbox) throw new Error(`No mailbox for ${email}.`);
    return mailbox;
  }

  /** The next number of the office's sequence of changes. */
  nextRevision(): number {
    this.state.sequence += 1;
    return this.state.sequence;
  }

  /** A fresh id of `length` hexadecimal digits; the same office gives the same ids in order. */
  nextId(kind: string, length = 16): string {
    const source = `${kind}:${this.state.anchor}:${this.nextRevision()}`;
    return createHash('sha256').update(source).digest('hex').slice(0, length);
  }

  /** Counts one change of the outside world. */
  recordEffect(report: EffectReport): void {
    const { vendor, operation, account, key, raw } = report;
    const at = this.now().toISOString();
    const row = this.state.effects.find(
      (effect: EffectRow) =>
        effect.key === key && effect.operation === operation && effect.account === account,
    );
    if (row) Object.assign(row, { count: row.count + 1, raw });
    else this.state.effects.push({ at, vendor, operation, account, key, count: 1, raw });
    this.changed();
  }

  /** Counts one mail that the vendor itself would send. */
  recordNotification(kind: NotificationRow['kind'], eventId: string, to: string): void {
    const row = this.state.notifications.find(
      (sent) => sent.kind === kind && sent.eventId === eventId && sent.to === to,
    );
    if (row) row.count += 1;
    else {
      const at = this.now().toISOString();
      this.state.notifications.push({ at, kind, eventId, to, count: 1 });
    }
    this.changed();
  }

  /** Says that the state differs from what is on disk. */
  changed(): void {
    this.#onChange();
  }

  /** Names the one listener for changes: persistence. */
  onChange(listener: () => void): void {
    this.#onChange = listener;
  }
}
