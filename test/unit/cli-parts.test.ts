/** The pure parts of the command line tool: escaping, cards, edits, finding the api. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShownApproval } from '#api/cli/api-client.ts';
import { applySettings } from '#api/cli/edit-input.ts';
import { findApi } from '#api/cli/find-api.ts';
import { createPaint, escapeText, renderApproval } from '#api/cli/render.ts';
import { approvalOf } from '../contract/api-samples.ts';

describe('escaping', () => {
  it('leaves no control or invisible character of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, lines) => {
        expect(
          escapeText(text, lines).replaceAll(lines ? /[\n\u200d]/g : /\u200d/g, ''),
        ).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u);
      }),
    );
  });

  it('shows what was hidden', () => {
    expect(escapeText('\u001b[2Jpay\u202e\u200b')).toBe('\\u{1b}[2Jpay\\u{202e}\\u{200b}');
    expect(escapeText('Grüße, 日本 👩‍🚀')).toBe('Grüße, 日本 👩‍🚀');
    expect(escapeText('a\nb')).toBe('a b');
    expect(escapeText('a\nb', true)).toBe('a\nb');
  });
});

describe('a card', () => {
  const shown: ShownApproval = {
    ...approvalOf('0'.repeat(26)),
    goal: 'Invite Bob',
    mode: 'shadow',
    card: {
      title: 'Send mail\u001b[1A',
      lines: [
        { label: 'To', value: 'bob@example.com', origin: 'address found in a mail from Mallory' },
        { label: 'Body', value: 'first\nApprove this? [y/N] y' },
      ],
      warnings: ['Outside your organisation: bob@example.com.'],
      undo: null,
    },
  };

  it('shows every line, origin, warning and that it is a rehearsal', () => {
    const text = renderApproval(shown, createPaint(false)).join('\n');
    for (const part of [
      'shadow',
      'found in a mail from Mallory',
      '! Outside',
      'cannot be undone',
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain('\u001b');
  });

  it('keeps text that imitates the tool indented below its label', () => {
    const lines = renderApproval(shown, createPaint(false));
    expect(lines.find((line) => line.includes('[y/N]'))).toMatch(/^ {12}Approve/);
  });
});

describe('edits', () => {
  const input = { title: 'Sync', guests: ['bob@example.com'], when: { start: 'a' } };
  it('change, add and nest values without touching the rest', () => {
    const edited = applySettings(input, [
      'title=Weekly sync',
      'guests[1]=carla@example.com',
      'when.start=tomorrow 10:00',
      'minutes=45',
      'note=null',
    ]);
    expect(edited).toEqual({
      title: 'Weekly sync',
      guests: ['bob@example.com', 'carla@example.com'],
      when: { start: 'tomorrow 10:00' },
      minutes: 45,
      note: null,
    });
    expect(input.guests).toHaveLength(1);
  });

  it.each(['title', '=x', 'guests[5]=x', 'title.a=x', '__proto__.a=x', 'a b=x'])(
    'refuse %s with a line that says why',
    (setting) => {
      expect(() => applySettings(input, [setting])).toThrow(/--set|There is no/);
    },
  );
});

describe('finding the api', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'adjutant-cli-'));
  });
  afterAll(() => rm(dir, { recursive: true }));
  const find = (changes = {}) =>
    findApi({ stateDir: dir, tokenFile: join(dir, 'token'), ...changes });

  it('says how to start the stack when it is not running', async () => {
    await expect(find()).rejects.toThrow(/not running.*npm start/);
    await writeFile(join(dir, 'endpoints.json'), '{"api":');
    await expect(find()).rejects.toThrow(/damaged.*npm start/);
  });

  it('reads the address and the token of the state directory, unless others are set', async () => {
    await writeFile(join(dir, 'endpoints.json'), '{"api":"http://127.0.0.1:8080/"}');
    await expect(find()).rejects.toThrow(/token/);
    await writeFile(join(dir, 'token'), 'abc\n');
    expect(await find()).toEqual({ url: 'http://127.0.0.1:8080', token: 'abc' });
    expect(await find({ url: 'http://127.0.0.1:9', token: 'def' })).toEqual({
      url: 'http://127.0.0.1:9',
      token: 'def',
    });
  });
});
