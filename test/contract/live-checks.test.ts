/** The live checks as a person runs them, on the sandbox: they find what its knobs are set to. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const who = {
  google: { refresh: 'sandbox-refresh-', account: 'alex.morgan@office.example.com' },
  microsoft: { refresh: 'sandbox-microsoft-refresh-', account: 'carla.rossi@office.example.com' },
};
type Provider = keyof typeof who;
const disposable = '--yes-this-account-is-disposable';

/** The script's exit code and what it wrote. */
async function liveChecks(sandbox: Sandbox | undefined, ...args: string[]) {
  const provider = args[1] as Provider;
  const { url } = sandbox ?? { url: 'http://127.0.0.1:1' };
  const env = {
    ...process.env,
    GOOGLE_CLIENT_ID: 'adjutant',
    GOOGLE_CLIENT_SECRET: 'not-a-secret',
    ADJUTANT_GOOGLE_ROOT_URL: url,
    ADJUTANT_GOOGLE_TOKEN_URL: `${url}/token`,
    MICROSOFT_CLIENT_ID: 'adjutant',
    MICROSOFT_CLIENT_SECRET: 'not-a-secret',
    ADJUTANT_MICROSOFT_URL: url,
    ADJUTANT_MICROSOFT_AUTHORITY_URL: `${url}/microsoft`,
    ...(who[provider] === undefined
      ? {}
      : { ADJUTANT_LIVE_REFRESH_TOKEN: `${who[provider].refresh}${who[provider].account}` }),
  };
  const command = ['--import', 'tsx', 'test/live/main.ts', ...args];
  const ended = await run(process.execPath, command, { cwd: root, env }).catch(
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
  const code = 'code' in ended ? ended.code : 0;
  const found = new Map(
    ended.stdout.split('\n').map((line) => line.split(/: (.*)/) as [string, string]),
  );
  return { code, found, ...ended };
}

/** Whatever of a run still lies in the account, trash and deleted events apart. */
function leftovers({ office }: Sandbox, account: string, runId: string): string[] {
  const { messages, labels } = office.mailbox(account);
  const mails = Object.values(messages).filter(
    ({ raw, labelIds }) =>
      !labelIds.includes('TRASH') && Buffer.from(raw, 'base64').includes(runId),
  );
  const events = Object.values(office.calendar(account).events).filter(
    ({ status, summary }) => status !== 'cancelled' && (summary ?? '').includes(runId),
  );
  return [
    ...mails.map(({ labelIds }) => `mail ${labelIds.join()}`),
    ...events.map(({ summary }) => summary ?? ''),
    ...labels.filter(({ name }) => name.includes(runId)).map(({ name }) => name),
  ];
}

describe('npm run live-checks', () => {
  it.each([
    ['google', {}],
    ['microsoft', { duplicateTransactionStatus: 400, messageIds: 'kept' }],
    ['microsoft', { duplicateTransactionStatus: 409, messageIds: 'replaced', sentCopyLagMs: 600 }],
  ] as const)('finds out how %s behaves with %o', async (provider, knobs) => {
    await using sandbox = await startSandbox({ knobs });
    const args = ['--provider', provider, disposable, '--patience', '5'];
    const { code, found, stdout, stderr } = await liveChecks(sandbox, ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).not.toMatch(/could not tell|left behind/);
    const { account } = who[provider];
    const runId = /^run (\w+)/.exec(stdout)?.[1] ?? '';
    expect(leftovers(sandbox, account, runId)).toEqual([]);
    expect(Object.fromEntries(found)).toMatchObject(expected(provider, knobs));
    const documented = readFileSync(`${root}/docs/live-checks.md`, 'utf8');
    for (const id of found.keys()) {
      if (id !== '' && !id.startsWith('run ')) expect(documented).toContain(`\`${id}\``);
    }
  });

  it('refuses to begin without a word that the account is disposable, or without an account', async () => {
    await using sandbox = await startSandbox();
    const unsaid = await liveChecks(sandbox, '--provider', 'google');
    expect(unsaid).toMatchObject({ code: 1, stdout: '' });
    expect(unsaid.stderr).toContain(disposable);
    const nobody = await liveChecks(undefined, '--provider', 'google', disposable);
    expect(nobody).toMatchObject({ code: 1, stdout: '' });
    const unnamed = await liveChecks(sandbox, '--provider', 'other', disposable);
    expect(unnamed).toMatchObject({ code: 1, stdout: '' });
    expect(sandbox.office.state.effects).toEqual([]);
  });
});

function expected(provider: Provider, knobs: object): Record<string, unknown> {
  if (provider === 'google') {
    return {
      'google-duplicate-id': '409 duplicate',
      'google-if-match': 'stale change 412 conditionNotMet, stale delete 412 conditionNotMet',
      'gmail-second-send': expect.stringMatching(/^send 404/),
    };
  }
  const { duplicateTransactionStatus, messageIds } = knobs as Record<string, unknown>;
  const replaced = messageIds === 'replaced';
  return {
    'graph-duplicate-transaction': expect.stringContaining(
      `${String(duplicateTransactionStatus)} ErrorDuplicateTransactionId`,
    ),
    'graph-headers-kept': expect.stringMatching(
      replaced ? /sent: Message-ID replaced by/ : /sent: Message-ID kept/,
    ),
    'graph-after-202': expect.stringMatching(replaced ? /^at once 404/ : /^at once isDraft false/),
  };
}
