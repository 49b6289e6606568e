/** Google behind the two ports. */
import { afterAll, beforeAll } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { describeCalendarPort } from './calendar-port.ts';
import { describeEmailPort } from './email-port.ts';
import { connectGoogle } from './google-setup.ts';

const colleague = 'bob.keller@office.example.com';
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

describeCalendarPort('Google', async () => {
  const owner = sandbox.office.main.email;
  const port = await connectGoogle(sandbox).calendar(owner);
  const unreadable = 'sam.okafor@office.example.com';
  return { port, owner, colleague, unreadable, freeAt: '2026-10-18T06:00:00+02:00' };
});

describeEmailPort('Google', async () => {
  const owner = sandbox.office.main.email;
  const { email } = connectGoogle(sandbox);
  return { port: await email(owner), owner, colleague, colleaguePort: await email(colleague) };
});
