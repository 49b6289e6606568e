/** Files to attach, signatures and tone over HTTP: kept for one owner, seen by nobody else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSignatures } from '#activities/email/signatures.ts';
import { createFileStore } from '#activities/files.ts';
import { createToneStore } from '#activities/language/tone-store.ts';
import { alice, bob, createFixture, type Fixture } from './api-fixture.ts';

let api: Fixture;
beforeAll(async () => {
  api = await createFixture();
});
afterAll(() => api[Symbol.asyncDispose]());

describe('documents', () => {
  const put = (owner: string, payload: object) =>
    api.request(owner, { method: 'POST', url: '/v1/documents', payload });
  const content = Buffer.from('%PDF-1.4 plan');
  const file = {
    name: 'plan.pdf',
    mimeType: 'application/pdf',
    contentBase64: content.toString('base64'),
  };

  it('are kept once, and are what a mail attaches', async () => {
    const [first, again] = [await put(alice, file), await put(alice, file)];
    const { documentId, sha256, createdAt } = first.json();
    // Given again, it is kept as long as if it were given now.
    const renewed = { ...first.json(), createdAt: again.json().createdAt };
    expect([first.statusCode, again.json()]).toEqual([200, renewed]);
    expect(Date.parse(renewed.createdAt)).toBeGreaterThanOrEqual(Date.parse(createdAt));
    expect(first.json()).toMatchObject({ name: 'plan.pdf', bytes: content.length });
    const list = await api.request(alice, { url: '/v1/documents' });
    expect(list.json().documents).toHaveLength(1);
    const files = createFileStore(api.database.pool);
    expect(await files.find(alice, 'goal', documentId)).toMatchObject({ sha256, origin: null });
    expect(await files.read(alice, 'goal', { documentId, sha256 })).toEqual(content);
    const other = files.read(alice, 'goal', { documentId, sha256: '00'.repeat(32) });
    await expect(other).rejects.toMatchObject({ type: 'PreconditionFailedError' });
  });

  it('of one owner are nobody else’s', async () => {
    const { documentId, sha256 } = (await put(alice, { ...file, name: 'mine.pdf' })).json();
    const url = `/v1/documents/${documentId}`;
    expect((await api.request(bob, { url: '/v1/documents' })).json().documents).toEqual([]);
    expect((await api.request(bob, { method: 'DELETE', url })).statusCode).toBe(404);
    const files = createFileStore(api.database.pool);
    await expect(files.find(bob, 'goal', documentId)).rejects.toMatchObject({
      type: 'NotFoundError',
    });
    expect((await api.request(alice, { method: 'DELETE', url })).statusCode).toBe(200);
    await expect(files.read(alice, 'goal', { documentId, sha256 })).rejects.toMatchObject({
      type: 'PreconditionFailedError',
    });
  });

  it('are refused when they are too large, or are no base64', async () => {
    const large = Buffer.alloc(10 * 1024 * 1024 + 1).toString('base64');
    expect((await put(alice, { ...file, contentBase64: large })).statusCode).toBe(413);
    expect((await put(alice, { ...file, contentBase64: '***' })).statusCode).toBe(422);
    expect((await put(alice, { ...file, name: 'a\nb' })).statusCode).toBe(422);
  });
});

describe('signature and tone', () => {
  it('a signature is set, read by what writes mail, and taken away', async () => {
    const url = '/v1/accounts/Alice@Example.com/signature';
    const set = (signature: string | null) =>
      api.request(alice, { method: 'PUT', url, payload: { signature } });
    const signatureOf = createSignatures(api.database.pool);
    expect((await api.request(alice, { url })).json()).toEqual({ signature: null });
    expect((await set('Alice\nOffice')).statusCode).toBe(200);
    expect(await signatureOf(alice, 'alice@example.com')).toBe('Alice\nOffice');
    expect((await api.request(bob, { url })).json()).toEqual({ signature: null });
    await set('');
    expect(await signatureOf(alice, 'alice@example.com')).toBe('');
    await set(null);
    expect(await signatureOf(alice, 'alice@example.com')).toBeNull();
  });

  it('a profile is learnt, seen, edited and forgotten', async () => {
    const tone = createToneStore(api.database.pool);
    const profile = {
      greeting: 'Hi [name],',
      closing: 'Best, Alice',
      formality: 'casual' as const,
      sentenceLength: 'short' as const,
      languages: ['en'],
      phrases: ['no worries'],
      notes: '',
    };
    const url = '/v1/tone';
    expect((await api.request(alice, { url })).statusCode).toBe(404);
    await tone.save(alice, profile);
    const shown = (await api.request(alice, { url })).json();
    expect(shown).toMatchObject({ profile, source: 'learned' });
    const edited = { ...profile, greeting: 'Dear [name],' };
    await api.request(alice, { method: 'PUT', url, payload: edited });
    expect(await tone.get(alice)).toEqual(edited);
    expect((await api.request(alice, { url })).json().source).toBe('edited');
    const bad = { ...edited, languages: ['English'] };
    expect((await api.request(alice, { method: 'PUT', url, payload: bad })).statusCode).toBe(422);
    expect((await api.request(alice, { method: 'DELETE', url })).statusCode).toBe(200);
    expect(await tone.get(alice)).toBeNull();
  });
});
