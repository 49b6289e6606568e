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
  const { calendar } = connectGoogle(sandbox);
  return {
    port: await calendar(owner),
    owner,
    colleague,
    colleaguePort: await calendar(colleague),
    room: 'room-aurora@office.example.com',
    unreadable: 'sam.okafor@office.example.com',
    freeAt: '2026-10-18T06:00:00+02:00',
  };
});

describeEmailPort('Google', async () => {
  const owner = sandbox.office.main.email;
  const { email } = connectGoogle(sandbox);
  return {
    port: await email(owner),
    owner,
    colleague,
    colleaguePort: await email(colleague),
    replacesOnSend: true,
    keepsMessageIds: true,
    expireCursors: () => {
      const mailbox = sandbox.office.mailbox(colleague);
      mailbox.historyFloor = mailbox.historyId;
    },
  };
});
