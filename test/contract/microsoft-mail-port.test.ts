/** Microsoft behind the mail port, as Exchange is seen to treat Message-IDs. */
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { describeEmailPort } from './email-port.ts';
import { connectMicrosoft, type MicrosoftSetup } from './microsoft-setup.ts';

const owner = 'carla.rossi@office.example.com';
const colleague = 'dana.whitfield@office.example.com';

describe.each(['kept', 'replaced'] as const)('Message-IDs %s', (messageIds) => {
  let sandbox: Sandbox;
  let microsoft: MicrosoftSetup;
  beforeAll(async () => {
    sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
    sandbox.office.knobs.messageIds = messageIds;
    microsoft = connectMicrosoft(sandbox);
  });
  afterAll(async () => sandbox[Symbol.asyncDispose]());
  afterEach(() => {
    expect(microsoft.violations).toEqual([]);
  });

  describeEmailPort('Microsoft', async () => ({
    port: await microsoft.email(owner),
    owner,
    colleague,
    colleaguePort: await microsoft.email(colleague),
    replacesOnSend: false,
    keepsMessageIds: messageIds === 'kept',
    expireCursors: () => {
      const mailbox = sandbox.office.mailbox(colleague);
      mailbox.historyFloor = mailbox.historyId;
    },
  }));
});
