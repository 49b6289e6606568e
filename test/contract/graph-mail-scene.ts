/** Mail at the office for tests of the sandbox's Outlook: two people at Microsoft, one at Google. */
import type { Message } from '@microsoft/microsoft-graph-types';
import { expect } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients } from './graph-clients.ts';
import { type Clients, connect } from './sandbox-clients.ts';

export const carlaEmail = 'carla.rossi@office.example.com';
export const danaEmail = 'dana.whitfield@office.example.com';
export const bobEmail = 'bob.keller@office.example.com';

/** A sandbox with three people's clients. */
export interface MailScene extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly carla: GraphClients;
  readonly dana: GraphClients;
  readonly bob: Clients;
  /** Fails when anything on the wire was outside the published contracts. */
  check(): void;
}

/** Starts with the given clock. */
export async function startMailScene(now: () => Date): Promise<MailScene> {
  const sandbox = await startSandbox({ now });
  const carla = await connectGraph(sandbox, carlaEmail);
  const dana = await connectGraph(sandbox, danaEmail);
  const bob = connect(sandbox, bobEmail);
  return {
    sandbox,
    carla,
    dana,
    bob,
    check: () => {
      expect([...carla.violations, ...dana.violations, ...bob.violations]).toEqual([]);
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  };
}

/** Creates a draft from JSON: a new one, or an answer where `path` says so. */
export async function createMessage(
  who: GraphClients,
  message: object,
  path = '/me/messages',
): Promise<Message> {
  return (await who.api(path).post(message)) as Message;
}

/** Creates a draft from MIME text. */
export async function createFromMime(
  who: GraphClients,
  path: string,
  text: string,
): Promise<Message> {
  const body = Buffer.from(text).toString('base64');
  return (await who.api(path).header('Content-Type', 'text/plain').post(body)) as Message;
}

/** Reads one message. */
export async function readMessage(who: GraphClients, id: string): Promise<Message> {
  return (await who.api(`/me/messages/${id}`).get()) as Message;
}

/** Somebody's messages with exactly this subject. */
export async function bySubject(who: GraphClients, subject: string): Promise<Message[]> {
  const filter = encodeURIComponent(`subject eq '${subject}'`);
  return ((await who.api('/me/messages').filter(filter).get()) as { value: Message[] }).value;
}
