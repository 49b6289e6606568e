/**
 * Taking up four hundred new mails while the mailbox forgets where it was, at each page, and while the
 * sync is started twice or late: the same mails are taken up in the end, each once. Both vendors.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EmailPort } from '#activities/email/port.ts';
import { createTriageStore, type TriageStore } from '#activities/triage/store.ts';
import { syncMail } from '#activities/triage/sync.ts';
import { limits } from '#contracts/limits.ts';
import { addMessage, forgetHistory } from '#infra/sandbox/mail/mailbox.ts';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { createTestDatabase, type TestDatabase } from '#test/support/database.ts';
import { stepContext } from './contexts.ts';
import { connectGoogle } from './google-setup.ts';
import { connectMicrosoft } from './microsoft-setup.ts';

const vendors = [
  { name: 'Google', owner: 'alex.morgan@office.example.com', connect: connectGoogle },
  { name: 'Microsoft', owner: 'carla.rossi@office.example.com', connect: connectMicrosoft },
] as const;
const mails = 400;
let database: TestDatabase;
let triage: TriageStore;

beforeAll(async () => {
  database = await createTestDatabase();
  triage = createTriageStore(database.pool);
});
afterAll(() => database[Symbol.asyncDispose]());

/** Mail comes into the inbox; says how its subjects begin. */
function arrive({ office }: Sandbox, owner: string, count: number, name: string): void {
  for (let i = 0; i < count; i += 1) {
    const raw = [
      'From: somebody@elsewhere.example.net',
      `To: ${owner}`,
      `Subject: ${name} ${i}`,
      `Message-ID: <${name}-${i}@elsewhere.example.net>`,
      `Date: ${office.now().toUTCString()}`,
      '',
      'Good to know.',
    ].join('\r\n');
    const mail = { raw: Buffer.from(raw), labelIds: ['INBOX', 'UNREAD'] };
    addMessage(office, office.person(owner)!, mail);
  }
}

/** The subjects that were taken up, in order; one that is there twice shows twice. */
async function takenUp(owner: string, name: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ subject: string }>(
    `select subject from triaged_messages where owner = $1 and subject like $2`,
    [owner, `${name} %`],
  );
  return rows.map(({ subject }) => subject).toSorted();
}
const wanted = (name: string, count = mails) =>
  Array.from({ length: count }, (_, i) => `${name} ${i}`).toSorted();

describe.each(vendors)('at $name', ({ name: vendor, owner, connect }) => {
  let sandbox: Sandbox;
  let mailbox: EmailPort;
  let accounts: ReturnType<typeof connect>['accounts'];
  beforeAll(async () => {
    sandbox = await startSandbox();
    const setup = connect(sandbox, { timeoutMs: 20_000 });
    ({ accounts } = setup);
    mailbox = await setup.email(owner);
    await sync(() => undefined);
  });
  afterAll(() => sandbox[Symbol.asyncDispose]());

  /** One sync; `beforePage` is told the number of the page that is asked for next. */
  function sync(beforePage: (page: number) => void) {
    let page = 0;
    const watched: EmailPort = {
      ...mailbox,
      changes: (cursor, options) => {
        page += 1;
        beforePage(page);
        return mailbox.changes(cursor, options);
      },
    };
    const deps = { email: async () => watched, accounts, triage } as never;
    const context = stepContext(sandbox, owner);
    return syncMail(deps, { context, account: null, limit: limits.triageMailsMax });
  }

  it.each([1, 2, 3, 4, 5])(
    'takes up the same mails when page %i finds its cursor too old',
    async (at) => {
      const name = `${vendor} page ${at}`;
      arrive(sandbox, owner, mails, name);
      let pages = 0;
      const { gaps } = await sync((page) => {
        pages = page;
        if (page === at) forgetHistory(sandbox.office);
      });
      await sync(() => undefined);
      expect(await takenUp(owner, name)).toEqual(wanted(name));
      expect(gaps.length).toBe(at <= pages ? 1 : 0);
    },
  );

  it('takes up the rest when it died between two pages and the cursor was too old after that', async () => {
    const name = `${vendor} death`;
    arrive(sandbox, owner, mails, name);
    const before = (await triage.syncState(owner, owner))!.syncedAt;
    const dying = sync((page) => {
      if (page === 3) throw new Error('killed');
    });
    await expect(dying).rejects.toThrow('killed');
    expect((await triage.syncState(owner, owner))!.syncedAt).toEqual(before);
    forgetHistory(sandbox.office);
    expect((await sync(() => undefined)).gaps).toHaveLength(1);
    expect(await takenUp(owner, name)).toEqual(wanted(name));
  });

  it('takes up each mail once when two hints start two syncs at the same moment', async () => {
    const name = `${vendor} doubled`;
    arrive(sandbox, owner, mails, name);
    await Promise.all([sync(() => undefined), sync(() => undefined)]);
    await sync(() => undefined);
    expect(await takenUp(owner, name)).toEqual(wanted(name));
  });

  it('needs no hint at all, and a late one finds nothing more', async () => {
    const name = `${vendor} unannounced`;
    for (let round = 0; round < 3; round += 1) arrive(sandbox, owner, 20, `${name} ${round}`);
    await sync(() => undefined);
    const all = [0, 1, 2].flatMap((round) => wanted(`${name} ${round}`, 20)).toSorted();
    expect(await takenUp(owner, name)).toEqual(all);
    await sync(() => undefined);
    expect(await takenUp(owner, name)).toEqual(all);
  });
});
