/** The command line of mail against a listening api: tone, signatures, files to attach, and triage. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSignatures } from '#activities/email/signatures.ts';
import { createFileStore } from '#activities/files.ts';
import { createToneStore } from '#activities/language/tone-store.ts';
import { createTriageStore } from '#activities/triage/store.ts';
import { runCli } from '#api/cli/main.ts';
import { alice, createFixture, type Fixture, tokens } from './api-fixture.ts';

let api: Fixture;
let url: string;
let directory: string;
beforeAll(async () => {
  api = await createFixture();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  directory = await mkdtemp(join(tmpdir(), 'adjutant-cli-mail-'));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
beforeEach(() => {
  api.temporal.started = [];
});

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

describe('tone', () => {
  it('is shown as it was learnt, with hidden characters shown, and forgotten', async () => {
    expect(await run('tone')).toMatchObject({ code: 1, text: expect.stringMatching(/^Not found/) });
    const tone = createToneStore(api.database.pool);
    await tone.save(alice, {
      greeting: 'Hi [name],\u202e',
      closing: 'Best, Alice',
      formality: 'casual',
      sentenceLength: 'short',
      languages: ['en', 'de'],
      phrases: [],
      notes: '',
    });
    const { code, text } = await run('tone');
    expect([code, text.includes('\u202e')]).toEqual([0, false]);
    expect(text).toContain('How you write (learned):');
    expect(text).toContain('  greeting: Hi [name],\\u{202e}\n');
    expect(text).toContain('  languages: en, de\n');
    expect(await run('tone', 'forget')).toEqual({ code: 0, text: 'Forgotten.\n' });
    expect(await tone.get(alice)).toBeNull();
  });

  it('is learnt by a goal', async () => {
    const learning = run('tone', 'learn');
    await expect.poll(() => api.temporal.started.length).toBe(1);
    const [started] = api.temporal.started;
    expect(started).toMatchObject({ goal: 'Learn my tone', owner: alice });
    await api.endGoal(started!.goalId);
    expect((await learning).code).toBe(0);
  });
});

describe('signature', () => {
  it('is the provider’s own until one is set, with line breaks where they are written', async () => {
    expect(await run('signature', alice)).toEqual({
      code: 0,
      text: "The provider's own is used.\n",
    });
    const set = await run('signature', alice, 'Alice Smith\\nOffice');
    expect(set).toEqual({ code: 0, text: 'Alice Smith\nOffice\n' });
    expect(await createSignatures(api.database.pool)(alice, alice)).toBe('Alice Smith\nOffice');
    expect((await run('signature', alice)).text).toBe('Alice Smith\nOffice\n');
    expect((await run('signature', 'nobody', 'x')).code).toBe(1);
  });
});

describe('goal --attach', () => {
  it('keeps each file for the owner and names the documents to the goal', async () => {
    const files = [join(directory, 'Plan.PDF'), join(directory, 'notes')];
    await writeFile(files[0]!, '%PDF-1.4 plan');
    await writeFile(files[1]!, 'notes');
    const { code, text } = await run('goal', 'Send Bob the plan', '--attach', ...files);
    expect(code).toBe(0);
    const ids = [...text.matchAll(/^Kept (\S+) \((\d+) bytes\) as (\S+)$/gm)];
    expect(ids.map(([, name, bytes]) => [name, bytes])).toEqual([
      ['Plan.PDF', '13'],
      ['notes', '5'],
    ]);
    const [started] = api.temporal.started;
    const store = createFileStore(api.database.pool);
    for (const [, name, , id] of ids) {
      expect(started!.context).toContain(`Attached document "${name}" has documentId ${id}.`);
      const mimeType = name === 'notes' ? 'application/octet-stream' : 'application/pdf';
      expect(await store.find(alice, started!.goalId, id!)).toMatchObject({ name, mimeType });
    }
  });

  it('starts nothing when a file cannot be read', async () => {
    const { code, text } = await run('goal', 'Send Bob the plan', '--attach', '/nowhere/plan.pdf');
    expect([code, text]).toEqual([1, 'Cannot read the file /nowhere/plan.pdf.\n']);
    expect(api.temporal.started).toEqual([]);
  });
});

describe('triage', () => {
  beforeEach(async () => {
    const { pool } = api.database;
    await pool.query('truncate triaged_messages, triage_cursors, triage_senders');
    const store = createTriageStore(pool);
    const mails = ['m/1', 'm2'].map((messageId, i) => ({
      messageId,
      threadId: `t${i}`,
      sender: 'nora@acme.example.org',
      subject: `Mail ${i}\u001b]0;pwned\u0007`,
      receivedAt: new Date(Date.UTC(2026, 10, 20, i)),
      excerpt: 'Text',
    }));
    await store.takeUp(alice, alice, mails, { cursor: 'cursor', isNewest: true });
    const verdict = { account: alice, reason: 'Says it is due today.', confidence: 0.9 };
    await store.classify(alice, 'b', [
      { ...verdict, messageId: 'm/1', class: 'urgent', summary: 'Sign the contract.' },
      { ...verdict, messageId: 'm2', class: 'fyi', summary: null },
    ]);
  });

  it('lists what was sorted, newest first, with what to correct it by', async () => {
    const { code, text } = await run('triage');
    expect(code).toBe(0);
    expect(text).toBe(
      'fyi  nora@acme.example.org  Mail 1\\u{1b}]0;pwned\\u{7}\n' +
        '  Says it is due today.\n' +
        `  ${alice} m2\n` +
        'urgent  nora@acme.example.org  Mail 0\\u{1b}]0;pwned\\u{7}\n' +
        '  Sign the contract.\n' +
        `  ${alice} m/1\n`,
    );
    expect((await run('triage', '--class', 'urgent')).text).toMatch(/^urgent .*\n.*\n.*\n$/);
    expect((await run('triage', '--class', 'spam')).text).toMatch(/^Nothing here\./);
    expect((await run('triage', '--class', 'boring')).code).toBe(1);
  });

  it('is corrected by account and id', async () => {
    const { code, text } = await run('triage', 'correct', alice, 'm/1', 'can_wait');
    expect([code, text.split('\n')[0]]).toEqual([
      0,
      'urgent (you said can_wait)  nora@acme.example.org  Mail 0\\u{1b}]0;pwned\\u{7}',
    ]);
    expect((await run('triage', '--class', 'can_wait')).text).toContain(' m/1\n');
    expect((await run('triage', 'correct', alice, 'm/1', 'boring')).code).toBe(1);
    expect((await run('triage', 'correct', alice, 'm9', 'fyi')).text).toMatch(/^Not found/);
  });

  it('switches drafts off and on for a domain', async () => {
    const store = createTriageStore(api.database.pool);
    const wanted = () => store.wantsDrafts(alice, 'nora@acme.example.org');
    expect(await run('triage', 'drafts', '@acme.example.org', 'off')).toEqual({
      code: 0,
      text: 'Mail from @acme.example.org gets no drafts.\n',
    });
    expect(await wanted()).toBe(false);
    expect((await run('triage', 'drafts', '@acme.example.org', 'on')).code).toBe(0);
    expect(await wanted()).toBe(true);
    expect((await run('triage', 'drafts', '@acme.example.org', 'perhaps')).code).toBe(1);
    expect(await wanted()).toBe(true);
  });
});
