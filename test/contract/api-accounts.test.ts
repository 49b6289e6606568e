/** Connected accounts over HTTP and on the command line: listed, named, made the default. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { runCli } from '#api/cli/main.ts';
import { alice, bob, createFixture, type Fixture, tokens } from './api-fixture.ts';

const home = 'alice@home.example.org';
let api: Fixture;
let credentials: CredentialStore;
let url: string;
beforeAll(async () => {
  api = await createFixture();
  credentials = createCredentialStore(api.database.pool, randomBytes(32));
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(async () => {
  await api.database.pool.query('truncate accounts');
  const scopes = ['mail'];
  await credentials.save(alice, { provider: 'google', email: alice, refreshToken: 'a', scopes });
  await credentials.save(alice, { provider: 'microsoft', email: home, refreshToken: 'b', scopes });
});

const list = async (who = alice) =>
  (await api.request(who, { url: '/v1/accounts' })).json().accounts as {
    email: string;
    isDefault: boolean;
    label: string | null;
  }[];
const patch = (email: string, payload: object, who = alice) =>
  api.request(who, { method: 'PATCH', url: `/v1/accounts/${email}`, payload });
async function run(...args: string[]) {
  let text = '';
  const code = await runCli(args, {
    env: { ADJUTANT_API_URL: url, ADJUTANT_API_TOKEN: tokens[alice] },
    out: (more) => (text += more),
    error: (more) => (text += more),
    colours: false,
    ask: null,
  });
  return { code, text };
}

describe('the accounts of an owner', () => {
  it('are listed for them alone, the default first, without any token', async () => {
    const answer = await api.request(alice, { url: '/v1/accounts' });
    expect(answer.json().accounts).toMatchObject([
      { email: alice, provider: 'google', isDefault: true, label: null, state: 'connected' },
      { email: home, provider: 'microsoft', isDefault: false, scopes: ['mail'] },
    ]);
    expect(answer.body).not.toMatch(/token|sealed/i);
    expect(await list(bob)).toEqual([]);
  });

  it('have one default, whoever asks at the same time', async () => {
    const answers = await Promise.all(
      [home, alice, home, alice, home].map((email) => patch(email, { isDefault: true })),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200, 200]);
    expect((await list()).filter(({ isDefault }) => isDefault)).toHaveLength(1);
    expect((await patch(home, { isDefault: true })).json()).toMatchObject({ isDefault: true });
    expect((await list()).map(({ email }) => email)).toEqual([home, alice]);
  });

  it('are named, each differently, and the name can be taken off', async () => {
    expect((await patch(home, { label: 'private' })).json()).toMatchObject({ label: 'private' });
    const taken = await patch(alice, { label: 'Private' });
    expect([taken.statusCode, taken.json().errors[0].path]).toEqual([422, 'label']);
    expect((await patch(home, { label: null })).json()).toMatchObject({ label: null });
    for (const label of ['', 'x@y.example', 'two\nlines', 'x'.repeat(41)]) {
      expect((await patch(home, { label })).statusCode).toBe(422);
    }
    expect((await patch(home, {})).statusCode).toBe(422);
    expect((await patch(home, { isDefault: false })).statusCode).toBe(422);
  });

  it('are nobody else’s to change', async () => {
    expect((await patch(home, { label: 'mine' }, bob)).statusCode).toBe(404);
    expect((await patch('nobody@home.example.org', { label: 'mine' })).statusCode).toBe(404);
    expect((await list())[1]).toMatchObject({ label: null });
  });
});

describe('the command line', () => {
  it('lists accounts and says which must be connected again', async () => {
    await patch(home, { label: 'private' });
    await api.database.pool.query(
      `update accounts set state = 'reconnect_required' where email = $1`,
      [home],
    );
    expect(await run('accounts')).toEqual({
      code: 0,
      text:
        `${alice}  Google, default\n` +
        `${home}  Microsoft, "private", connect again: npx adjutant connect microsoft\n`,
    });
    await api.database.pool.query('truncate accounts');
    expect((await run('accounts')).text).toMatch(/^No account is connected\./);
  });

  it('disconnects, and says what is left to do', async () => {
    const asked: unknown[] = [];
    api.temporal.accountRequest = async (request) => {
      asked.push(request);
      return { account: home, leftToDo: 'Microsoft keeps the consent.' };
    };
    expect(await run('disconnect', home)).toEqual({
      code: 0,
      text: `Disconnected ${home}.\nMicrosoft keeps the consent.\n`,
    });
    expect(asked).toEqual([{ request: 'disconnectAccount', owner: alice, account: home }]);
    api.temporal.accountRequest = async () => ({ account: null, leftToDo: null });
    expect((await run('disconnect', home)).code).toBe(1);
  });

  it('connects at known vendors only', async () => {
    expect(await run('connect', 'yahoo')).toMatchObject({
      code: 1,
      text: expect.stringMatching(/google and microsoft/),
    });
  });
});
