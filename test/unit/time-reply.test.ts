/** Reading an answer to offered times: what code holds the model's reading to. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { createReadTimeReply } from '#activities/language/time-reply.ts';
import { offer } from '#activities/calendar/proposal-text.ts';
import type { ModelClient } from '#activities/planner/model.ts';
import type { ReadRequest, ReadResult } from '#contracts/activities.ts';
import type { JsonObject } from '#contracts/json.ts';
import type { GoalId, StepId } from '#contracts/names.ts';

const owner = 'alex@office.example.com';
const at = (day: number) => Date.parse(`2026-11-${day}T14:00Z`);
const lines = [24, 25]
  .map((day) => ({ startMs: at(day), endMs: at(day) + 1_800_000 }))
  .map((time, index) => `${index + 1}. ${offer(index + 1, time, 'Europe/London').text}`);
const quoted = lines.map((text) => `> ${text}`).join('\n');

const message = (id: string, email: string) => ({
  id,
  threadId: 't',
  from: { name: email === owner ? null : 'Nora Feld', email },
  to: [],
  subject: 'Times',
  date: '2026-11-21T10:00:00+01:00',
  unread: false,
  excerpt: 'cut',
  documentId: `text-${id}`,
});

type Reading = { choice: string; number: number | null; quote: string };
type Asked = { reply: string; offered: { number: number; words: string }[] };

/** Reads one thread: an offer of ours and an answer, with a model that says what a test wants. */
async function read(
  answer: string,
  reading: Reading,
  more: { messages?: JsonObject[]; slots?: JsonObject[]; texts?: Record<string, string> } = {},
): Promise<{ result: ReadResult; asked: Asked }> {
  const texts: Record<string, string> = {
    'text-offer': `Hi Nora,\n\n${lines.join('\n')}\n\nAlex`,
    'text-answer': answer,
    ...more.texts,
  };
  let asked: Asked | undefined;
  const model = {
    askModel: ({ data }: { data: JsonObject }) => {
      asked = data as unknown as Asked;
      const usage = { responseId: 'r', model: 'm', inputTokens: 1, outputTokens: 1 };
      return Promise.resolve({ value: { counterProposal: null, ...reading }, usage });
    },
  } as unknown as ModelClient;
  const documents = {
    get: (_: string, id: string) =>
      Promise.resolve({
        id,
        content: texts[id]!,
        origin: { kind: 'mail', label: 'a mail' } as const,
      }),
  };
  const activity = createReadTimeReply({
    model,
    documents,
    accounts: { list: () => Promise.resolve([]) },
  });
  const request: ReadRequest = {
    context: {
      goalId: 'g' as GoalId,
      stepId: 's' as StepId,
      owner,
      zone: 'Europe/Berlin',
      now: '2026-11-21T10:00:00+01:00',
    } as never,
    input: {
      messages: more.messages ?? [message('offer', owner), message('answer', 'nora@acme.example')],
      ...(more.slots === undefined ? {} : { slots: more.slots }),
    },
    trust: 'untrusted',
    origins: [],
  };
  const result = (await new MockActivityEnvironment().run(activity, request)) as ReadResult;
  return { result, asked: asked! };
}

describe('a reading that holds', () => {
  it('is the time that was offered, untrusted, and names the mail', async () => {
    const { result, asked } = await read(`Wednesday works.\n\nOn Friday, Alex wrote:\n${quoted}`, {
      choice: 'slot',
      number: 2,
      quote: 'Wednesday works',
    });
    expect(result.value).toMatchObject({
      choice: 'slot',
      slot: { start: '2026-11-25T15:00:00+01:00', minutes: 30 },
      quote: 'Wednesday works',
      messageId: 'answer',
    });
    expect(result.trust).toBe('untrusted');
    expect(result.origins[0]).toEqual({
      kind: 'mail',
      label: 'mail from Nora Feld, 21 Nov',
      ref: 'answer',
    });
    // The model sees what the reader was shown, and not what the answer only quotes.
    expect(asked.offered.map(({ words }) => words.slice(0, 33))).toEqual([
      'Tuesday, 24 November 2026, 14:00,',
      'Wednesday, 25 November 2026, 14:0',
    ]);
    expect(asked.reply).toBe('Wednesday works.');
  });

  it('takes the times from the plan where it names them', async () => {
    const slots = [{ start: '2026-12-01T09:00:00+01:00', end: '2026-12-01T10:00:00+01:00' }];
    const reading = { choice: 'slot', number: 1, quote: 'Fine.' };
    const { result } = await read('Fine.', reading, { slots });
    expect(result.value).toMatchObject({
      slot: { start: '2026-12-01T09:00:00+01:00', minutes: 60 },
    });
  });
});

describe('a reading that does not hold fails', () => {
  it.each([
    ['words that are not in the mail', { choice: 'slot', number: 1, quote: 'Tuesday is perfect' }],
    ['words that the mail only quotes', { choice: 'slot', number: 2, quote: '25 November 2026' }],
    ['no words at all', { choice: 'none', number: null, quote: '  ' }],
    ['a time that was not offered', { choice: 'slot', number: 3, quote: 'Wednesday works' }],
    ['no time', { choice: 'slot', number: null, quote: 'Wednesday works' }],
  ])('with %s', async (_, reading) => {
    await expect(
      read(`Wednesday works.\n\nOn Friday, Alex wrote:\n${quoted}`, reading),
    ).rejects.toMatchObject({ type: 'InvalidModelReplyError' });
  });

  it('and a hostile answer costs no more than any other', async () => {
    const started = performance.now();
    const reading = { choice: 'none', number: null, quote: '2000 from' };
    await read('2000 from <a> '.repeat(3_000), reading);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it('when nobody has answered, or nothing was offered before the answer', async () => {
    const reading = { choice: 'none', number: null, quote: 'Hi' };
    await expect(
      read('Hi', reading, { messages: [message('offer', owner)] }),
    ).rejects.toMatchObject({ type: 'NotFoundError' });
    // What somebody else lists is no offer of the person's.
    await expect(
      read(lines.join('\n'), reading, { messages: [message('answer', 'nora@acme.example')] }),
    ).rejects.toMatchObject({ type: 'NotFoundError' });
  });
});
