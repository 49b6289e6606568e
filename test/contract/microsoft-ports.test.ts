/** Microsoft behind the calendar port, with what it asks of Graph held against the published contract. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { describeCalendarPort } from './calendar-port.ts';
import { connectMicrosoft, type MicrosoftSetup } from './microsoft-setup.ts';

const owner = 'carla.rossi@office.example.com';
const colleague = 'kenji.tanaka@office.example.com';
let sandbox: Sandbox;
let microsoft: MicrosoftSetup;
beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  microsoft = connectMicrosoft(sandbox);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

describeCalendarPort('Microsoft', async () => ({
  port: await microsoft.calendar(owner),
  owner,
  colleague,
  colleaguePort: await microsoft.calendar(colleague),
  room: 'room-aurora@office.example.com',
  unreadable: 'sam.okafor@office.example.com',
  freeAt: '2026-10-18T06:00:00+02:00',
}));

it('sends and gets nothing that the published contract does not know', () => {
  expect(microsoft.requests.length).toBeGreaterThan(40);
  expect(microsoft.violations).toEqual([]);
});
