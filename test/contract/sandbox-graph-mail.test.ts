/** Outlook mail in the sandbox through the real Graph client: reading, searching, marking. */
import { ResponseType } from '@microsoft/microsoft-graph-client';
import type { Message } from '@microsoft/microsoft-graph-types';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';
import { connect, type EffectRow, askOracle } from './sandbox-clients.ts';

const carlaEmail = 'carla.rossi@office.example.com';

let sandbox: Sandbox;
let carla: GraphClients;

beforeAll(async () => {
  sandbox = await startSandbox({ now: () => new Date('2026-10-07T08:00:00Z') });
  carla = await connectGraph(sandbox, carlaEmail);
  await arrive('Fresh', ['Importance: high']);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect(carla.violations).toEqual([]);
});

/** Mail from Gmail, as it comes in while Carla works. */
const arrive = async (subject: string, lines: readonly string[] = []) => {
  const head = [`To: ${carlaEmail}`, `Subject: ${subject}`, ...lines, '', 'Hello'];
  const raw = Buffer.from(head.join('\r\n')).toString('base64url');
  await connect(sandbox).gmail.users.messages.send({ userId: 'me', requestBody: { raw } });
};
const list = async (path: string, query: Record<string, string> = {}): Promise<Message[]> =>
  ((await carla.api(path).query(query).get()) as { value: Message[] }).value;
const search = async (kql: string) =>
  list('/me/messages', { $search: encodeURIComponent(`"${kql.replaceAll('"', '\\"')}"`) });
const subjects = (messages: readonly Message[]) => messages.map(({ subject }) => subject);
const filter = async (text: string, more: Record<string, string> = {}) =>
  list('/me/messages', { $filter: encodeURIComponent(text), $top: '100', ...more });

describe('messages', () => {
  it('are listed newest first, ten to a page, with links to the rest', async () => {
    const seen: Message[] = [];
    let next: string | undefined = '/me/messages?$select=receivedDateTime&$top=3&$count=true';
    let total = 0;
    while (next !== undefined) {
      const page: { value: Message[]; '@odata.nextLink'?: string; '@odata.count'?: number } =
        await carla.api(next).get();
      expect(page.value.length).toBeLessThanOrEqual(3);
      seen.push(...page.value);
      total = page['@odata.count'] ?? total;
      next = page['@odata.nextLink'];
    }
    expect(seen.length).toBe(total);
    expect(new Set(seen.map(({ id }) => id)).size).toBe(total);
    const dates = seen.map(({ receivedDateTime }) => receivedDateTime!);
    expect(dates).toEqual([...dates].sort().reverse());
    expect(Object.keys(seen[0]!).sort()).toEqual(['@odata.etag', 'id', 'receivedDateTime']);
    expect((await list('/me/messages')).length).toBe(Math.min(10, total));
    const count = await carla.api('/me/messages/$count').responseType(ResponseType.TEXT).get();
    expect(Number(count)).toBe(total);
  });

  it('show their body as HTML, or as text on request, and their headers only when selected', async () => {
    const [found] = await search('subject:"hiring plan" OR from:bob');
    const path = `/me/messages/${found!.id}`;
    const plain = (await carla.api(path).get()) as Message;
    expect(plain.body).toMatchObject({ contentType: 'html' });
    expect(plain.body!.content).toContain('<html>');
    expect(plain).not.toHaveProperty('internetMessageHeaders');
    const text = (await carla
      .api(path)
      .header('Prefer', 'outlook.body-content-type="text"')
      .select('body,uniqueBody,internetMessageHeaders')
      .get()) as Message;
    expect(text.body).toMatchObject({ contentType: 'text' });
    expect(text.body!.content).not.toContain('<');
    expect(carla.latest().get('preference-applied')).toBe('outlook.body-content-type="text"');
    expect(text.internetMessageHeaders!.map(({ name }) => name)).toContain('Message-ID');
    const raw = await carla.api(`${path}/$value`).responseType(ResponseType.TEXT).get();
    expect(raw).toContain(`Message-ID: ${plain.internetMessageId}`);
  });

  it('have no headers in Sent Items', async () => {
    const [sent] = await list('/me/mailFolders/sentitems/messages', {
      $select: 'internetMessageHeaders,subject',
    });
    expect(sent).toHaveProperty('subject');
    expect(sent).not.toHaveProperty('internetMessageHeaders');
  });

  it.each([
    ['/me/messages?$select=subjekt', 'BadRequest'],
    ['/me/messages/AAMkAGnonsense-that-is-long-enough', 'ErrorItemNotFound'],
    ['/me/messages/nonsense', 'ErrorInvalidIdMalformed'],
    ['/me/messages?$top=0', 'BadRequest'],
    ["/me/messages?$filter=colour eq 'red'", 'BadRequest'],
    ['/me/messages?$search="colour:red"', 'BadRequest'],
    ['/me/messages?$search=two words', 'BadRequest'],
  ])('refuse %s', async (path, code) => {
    expect((await graphRefusal(carla.api(path).get())).code).toBe(code);
    carla.violations.length = 0;
  });

  it('are found by an id in the very letters it was given', async () => {
    const [message] = await list('/me/messages');
    const other = message!.id!.replace(/[a-z](?=[^a-z]*$)/, (letter) => letter.toUpperCase());
    expect(other).not.toBe(message!.id);
    expect(await graphRefusal(carla.api(`/me/messages/${other}`).get())).toMatchObject({
      status: 404,
    });
  });
});

describe('$filter', () => {
  it.each([
    'isRead eq false',
    'isRead eq true and isDraft eq false',
    "from/emailAddress/address eq 'Bob.Keller@office.example.com'",
    "startswith(subject,'re:') or contains(subject,'meet')",
    "not (importance eq 'high') and receivedDateTime ge 2026-10-01T00:00:00Z",
    'receivedDateTime lt 2026-10-05',
  ])('answers %s with some messages and not with all', async (text) => {
    const found = await filter(text);
    expect(found.length).toBeGreaterThan(0);
    if (text !== 'isRead eq true and isDraft eq false') {
      expect(found.length).toBeLessThan((await filter('isDraft eq false')).length);
    }
  });

  it('finds a message by its Message-ID, and a conversation by its id', async () => {
    const [message] = await search('"Carla and I need 30 minutes"');
    expect(await filter(`internetMessageId eq '${message!.internetMessageId}'`)).toMatchObject([
      { id: message!.id },
    ]);
    const thread = await filter(`conversationId eq '${message!.conversationId}'`);
    expect(thread.length).toBe(2);
    expect(await filter(`conversationId eq '${message!.conversationId!.toLowerCase()}'`)).toEqual(
      [],
    );
  });

  it('goes with an order only when it names the same properties first', async () => {
    const newest = { $orderby: 'receivedDateTime desc' };
    const late = 'receivedDateTime ge 2026-10-01T00:00:00Z';
    expect((await filter(`${late} and isRead eq true`, newest)).length).toBeGreaterThan(0);
    for (const text of [`isRead eq true and ${late}`, "conversationId eq 'x'"]) {
      expect(await graphRefusal(filter(text, newest))).toEqual({
        status: 400,
        code: 'InefficientFilter',
      });
    }
  });
});

describe('$search', () => {
  it.each([
    'from:bob',
    'from:"Bob Keller" AND subject:meet',
    'to:alex.morgan@office.example.com',
    'participants:yuki OR subject:interview',
    'subject:interv*',
    'body:"school run"',
    '"school run" AND NOT from:bob',
    '(from:bob OR from:alex) AND received>=2026-10-01',
    'received:2026-10-01..2026-10-07',
    'hasAttachments:false',
    'kind:email',
  ])('finds messages by %s', async (kql) => {
    expect((await search(kql)).length).toBeGreaterThan(0);
  });

  it.each([
    'from:nobody',
    'subject:inter',
    'received:2001-01-01',
    'hasAttachments:true AND kind:x',
  ])('finds nothing by %s', async (kql) => {
    expect(await search(kql)).toEqual([]);
  });

  it('goes with neither a filter nor an order', async () => {
    const both = (query: Record<string, string>) =>
      graphRefusal(list('/me/messages', { $search: '"from:bob"', ...query }));
    expect((await both({ $filter: 'isRead eq true' })).code).toBe('SearchWithFilter');
    expect((await both({ $orderby: 'receivedDateTime' })).code).toBe('SearchWithOrderBy');
  });

  it('sorts by the date of sending and hides what a lagging index has not seen', async () => {
    const before = subjects(await search('from:bob'));
    sandbox.office.knobs.searchLagMs = 30_000;
    await arrive('Late', ['From: Bob Keller <bob@x.example>']);
    expect(subjects(await search('from:bob'))).toEqual(before);
    sandbox.office.knobs.searchLagMs = 0;
    expect(subjects(await search('from:bob'))).toEqual(['Late', ...before]);
  });
});

describe('marks', () => {
  const effects = async (operation: string) =>
    (await askOracle<EffectRow[]>(sandbox, 'effects')).filter(
      (row) => row.operation === operation && row.account === carlaEmail,
    );

  it('change by PATCH under a new change key, and only the version that If-Match names', async () => {
    const [message] = await list('/me/mailFolders/inbox/messages');
    const path = `/me/messages/${message!.id}`;
    const change = {
      isRead: true,
      categories: ['Travel', 'Mine'],
      flag: { flagStatus: 'flagged' },
    };
    const after = (await carla.api(path).patch(change)) as Message;
    expect(after).toMatchObject({ isRead: true, categories: ['Travel', 'Mine'] });
    expect(after.changeKey).not.toBe(message!.changeKey);
    const stale = (message as { '@odata.etag'?: string })['@odata.etag']!;
    expect(
      await graphRefusal(carla.api(path).header('If-Match', stale).patch({ isRead: false })),
    ).toEqual({ status: 412, code: 'ErrorIrresolvableConflict' });
    const current = (after as { '@odata.etag'?: string })['@odata.etag']!;
    await carla
      .api(path)
      .header('If-Match', current)
      .patch({ categories: ['Mine'] });
    expect(await list('/me/messages', { $filter: "categories/any(c:c eq 'mine')" })).toMatchObject([
      { id: message!.id, categories: ['Mine'], flag: { flagStatus: 'flagged' } },
    ]);
    const counted = (await effects('messages.modify')).map(({ count }) => count);
    await carla.api(path).patch({ categories: ['Mine'], isRead: true });
    expect((await effects('messages.modify')).map(({ count }) => count)).toEqual(counted);
  });

  it.each([
    [{ subject: 'x' }, 'ErrorInvalidPropertySet'],
    [{ toRecipients: [] }, 'ErrorInvalidPropertySet'],
    [{ isReed: true }, 'RequestBodyRead'],
    [{ importance: 'very' }, 'RequestBodyRead'],
  ])('refuse %j on mail that was received', async (change, code) => {
    const [message] = await list('/me/mailFolders/inbox/messages');
    expect((await graphRefusal(carla.api(`/me/messages/${message!.id}`).patch(change))).code).toBe(
      code,
    );
    carla.violations.length = 0;
  });

  it('keep extended properties, found by value and shown on request', async () => {
    const id = 'String {6f6a3f0c-3a51-4d0b-9d0e-3c9d5a5b1d11} Name Adjutant';
    const [message] = await list('/me/mailFolders/inbox/messages');
    await carla
      .api(`/me/messages/${message!.id}`)
      .patch({ singleValueExtendedProperties: [{ id, value: 'k1' }] });
    const any = `singleValueExtendedProperties/Any(ep: ep/id eq '${id}' and ep/value eq 'k1')`;
    const expand = `singleValueExtendedProperties($filter=id eq '${id}')`;
    const [found] = await filter(any, { $expand: encodeURIComponent(expand) });
    expect(found).toMatchObject({
      id: message!.id,
      singleValueExtendedProperties: [{ id, value: 'k1' }],
    });
  });
});
