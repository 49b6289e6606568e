/**
 * One day at the office for tests of the sandbox's Graph calendar: two people at Microsoft, one at
 * Google, and the shapes their events are made of.
 */
import type { Event } from '@microsoft/microsoft-graph-types';
import { expect } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients } from './graph-clients.ts';
import { askOracle, type Clients, connect } from './sandbox-clients.ts';

export const carlaEmail = 'carla.rossi@office.example.com';
export const danaEmail = 'dana.whitfield@office.example.com';
export const alexEmail = 'alex.morgan@office.example.com';
export const berlin = 'W. Europe Standard Time';

/** A sandbox with three people's clients. */
export interface GraphScene extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly carla: GraphClients;
  readonly dana: GraphClients;
  readonly alex: Clients;
  /** Fails when anything on the wire was outside the published contracts. */
  check(): void;
}

/** Starts on a Wednesday three weeks before the clocks change in Rome (25 October 2026). */
export async function startScene(): Promise<GraphScene> {
  const sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  const carla = await connectGraph(sandbox, carlaEmail);
  const dana = await connectGraph(sandbox, danaEmail);
  const alex = connect(sandbox, alexEmail);
  return {
    sandbox,
    carla,
    dana,
    alex,
    check: () => {
      expect([...carla.violations, ...dana.violations, ...alex.violations]).toEqual([]);
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

/** An attendee as a client sends it. */
export function guest(address: string, type = 'required'): object {
  return { emailAddress: { address }, type };
}

/** A wall-clock time of one zone. */
export function at(date: string, time: string, timeZone = berlin): object {
  return { dateTime: `${date}T${time}:00`, timeZone };
}

/** Start and end on one day. */
export function times(date: string, from = '11:00', to = '11:30'): { start: object; end: object } {
  return { start: at(date, from), end: at(date, to) };
}

/** Half an hour of coffee, with what else is given. */
export function meeting(extra: object = {}): object {
  return { subject: 'Coffee', ...times('2026-10-15'), ...extra };
}

/** Creates an event on somebody's calendar. */
export async function createEvent(who: GraphClients, body: object): Promise<Event> {
  return (await who.api('/me/events').post(body)) as Event;
}

/** Reads one event. */
export async function readEvent(who: GraphClients, id: string): Promise<Event> {
  return (await who.api(`/me/events/${id}`).get()) as Event;
}

/** A window of somebody's calendar. */
export async function viewEvents(
  who: GraphClients,
  startDateTime: string,
  endDateTime: string,
  zone?: string,
): Promise<Event[]> {
  const request = who.api('/me/calendarView').query({ startDateTime, endDateTime, $top: '200' });
  if (zone) request.header('Prefer', `outlook.timezone="${zone}", IdType="ImmutableId"`);
  return ((await request.get()) as { value: Event[] }).value;
}

/** Occurrences of a series; November 2026 unless a window is given. */
export async function instancesOf(
  who: GraphClients,
  id: string,
  startDateTime = '2026-11-01T00:00:00Z',
  endDateTime = '2026-12-01T00:00:00Z',
): Promise<Event[]> {
  const request = who.api(`/me/events/${id}/instances`);
  const found = await request.query({ startDateTime, endDateTime, $top: '100' }).get();
  return (found as { value: Event[] }).value;
}

/** Somebody's own copy of an event. */
export async function copyOf(who: GraphClients, event: Event): Promise<Event> {
  const { value } = (await who.api('/me/events').top(200).get()) as { value: Event[] };
  return value.find(({ iCalUId }) => iCalUId === event.iCalUId)!;
}

/** The name that both vendors' calendars share for an event. */
export function storedId(id: string): string {
  return Buffer.from(id.slice('AAkALg'.length), 'base64url').toString('utf8').split('\n')[1]!;
}

/** The mails that the vendors would have sent about an event. */
export async function notified(sandbox: Sandbox, eventId: string): Promise<string[]> {
  const { notifications } = await askOracle<{
    notifications: { kind: string; eventId: string; to: string; count: number }[];
  }>(sandbox, 'state');
  return notifications
    .filter((sent) => sent.eventId === eventId)
    .map(({ kind, to, count }) => `${kind} ${to} ${count}`)
    .toSorted();
}
