/** The command line of control, members and rules against a listening api: what is sent and read. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '#api/cli/main.ts';
import type { StepView } from '#contracts/goal.ts';
import {
  alice,
  approvalOf,
  createFixture,
  digest,
  type Fixture,
  takenControl,
  tokens,
  viewOf,
} from './api-fixture.ts';

let api: Fixture;
let url: string;
let goalId: string;
let directory: string;
beforeAll(async () => {
  api = await createFixture();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  directory = await mkdtemp(join(tmpdir(), 'adjutant-cli-'));
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  await api.database.pool.query(
    'truncate goals, approvals, members, standing_rules, payloads cascade',
  );
  Object.assign(api.temporal, { controls: [], decisions: [], controlOutcome: takenControl });
  goalId = await api.goal();
});

async function run(args: string[], answer?: string) {
  let text = '';
  const code = await runCli(args, {
    env: { ADJUTANT_API_URL: url, ADJUTANT_API_TOKEN: tokens[alice] },
    out: (more) => (text += more),
    error: (more) => (text += more),
    colours: false,
    ask: answer === undefined ? null : async () => answer,
  });
  return { code, text };
}

describe('control', () => {
  it.each([
    [['pause'], 'pauseGoal', {}],
    [['resume'], 'resumeGoal', {}],
    [['steer', 'Rather', 'on Tuesday'], 'steerGoal', { instruction: 'Rather on Tuesday' }],
  ])('%j is sent and its answer is shown', async ([verb, ...rest], signal, message) => {
    expect(await run([verb!, goalId, ...rest])).toEqual({ code: 0, text: 'Done.\n' });
    expect(api.temporal.controls).toEqual([
      { goalId, signal, message: { ...message, actor: alice } },
    ]);
  });

  it('a plan is read into a file, changed and put back at the revision it had', async () => {
    const plan = { revision: 4, reasoning: 'as asked', estimatedComplexity: 'low' };
    const step = {
      id: 'look',
      tool: 'listEvents',
      input: { window: 'today' },
      rationale: 'To know',
      critical: false,
      requiresConfirmation: false,
      dependsOn: [],
      checkpoint: false,
    } as unknown as StepView;
    api.temporal.views.set(goalId, viewOf(goalId, alice, { plan, steps: [step] }));
    const file = join(directory, 'plan.json');
    expect((await run(['plan', 'get', goalId, file])).text).toContain('plan put');
    const text = (await readFile(file, 'utf8')).replace('today', 'tomorrow');
    await writeFile(file, text);
    expect((await run(['plan', 'put', goalId, file])).code).toBe(0);
    const [sent] = api.temporal.controls;
    expect(sent?.message).toMatchObject({
      expectedRevision: 4,
      plan: { steps: [{ id: 'look', input: { window: 'tomorrow' } }] },
    });
    await writeFile(file, 'nonsense');
    expect((await run(['plan', 'put', goalId, file])).text).toContain('cannot be read');
  });

  it('a refusal is one line, and the exit code says so', async () => {
    Object.assign(api.temporal, {
      controlOutcome: { applied: false, code: 'ended', message: 'Over.', problems: [] },
    });
    const { code, text } = await run(['pause', goalId]);
    expect([code, text.trim().split('\n').length]).toEqual([1, 1]);
  });

  it('undo starts a goal and says how to follow it', async () => {
    await api.endGoal(goalId);
    const { code, text } = await run(['undo', goalId]);
    expect([code, text]).toEqual([0, expect.stringContaining('npx adjutant watch')]);
    expect(api.temporal.started.at(-1)).toMatchObject({ aftercare: { of: goalId } });
  });
});

describe('approvals', () => {
  it('are handed on to a member', async () => {
    const { approvalId } = await api.approval(goalId);
    const { code } = await run(['delegate', approvalId, 'dora@example.com']);
    expect(code).toBe(0);
    expect(api.temporal.decisions[0]).toMatchObject({
      verdict: 'delegate',
      to: 'dora@example.com',
    });
  });

  it('are decided together after every card was shown and one question', async () => {
    const a = await api.approval(goalId, approvalOf(goalId, 'a'));
    const b = await api.approval(goalId, approvalOf(goalId, 'b'));
    const args = ['decide', '--approve', a.approvalId, '--reject', b.approvalId];
    expect((await run(args, 'n')).text).toContain('Nothing was decided.');
    expect(api.temporal.decisions).toEqual([]);
    const { code, text } = await run(args, 'y');
    expect([code, text.match(/Invite Bob\n/g)?.length]).toEqual([0, 2]);
    const sent = api.temporal.decisions.map(
      ({ approvalId, verdict }) => `${approvalId} ${verdict}`,
    );
    expect(sent.toSorted()).toEqual([`${a.approvalId} approve`, `${b.approvalId} reject`]);
  });

  it('are stopped before they leave', async () => {
    const { approvalId } = await api.approval(goalId, { state: 'approved' });
    expect((await run(['stop', approvalId])).text).toContain('does not leave');
  });

  it('say what changed, and who else must approve', async () => {
    const difference = [{ path: 'start', before: '10:00', after: '11:00\u202e' }];
    await api.approval(goalId, {
      difference,
      requiredDecisions: 2,
      assignedTo: 'dora@example.com',
    });
    const { text } = await run(['approvals']);
    expect(text).toContain('! changed: start from "10:00" to "11:00\\u{202e}"');
    expect(text).toMatch(/needs +2 people/);
    expect(text).toMatch(/handed to +dora@example.com/);
  });
});

describe('members and rules', () => {
  it('a member is added, gets a token, which works, and is removed', async () => {
    expect((await run(['members'])).text).toContain('No members');
    const add = [
      'members',
      'add',
      'dora@example.com',
      '--name',
      'Dora',
      '--role',
      'second',
      'deputy',
    ];
    expect((await run(add)).text).toContain('Dora  second, deputy  (no token yet)');
    const token = (await run(['members', 'token', 'dora@example.com'])).text.trim();
    const headers = { authorization: `Bearer ${token}` };
    expect((await api.app.inject({ url: '/v1/approvals', headers })).statusCode).toBe(200);
    expect((await run(['members', 'remove', 'dora@example.com'])).code).toBe(0);
    expect((await api.app.inject({ url: '/v1/approvals', headers })).statusCode).toBe(401);
  });

  it('a rule is made after a question, listed and revoked', async () => {
    const { approvalId } = await api.approval(goalId);
    const payload = { account: alice, guests: ['bob@example.com'] };
    await api.payload(goalId, 'createEvent', payload, digest);
    const add = ['rules', 'add', approvalId, '--days', '3', '--cap', '2'];
    expect((await run(add, 'no')).code).toBe(1);
    expect((await run(add, 'yes')).text).toContain('createEvent to bob@example.com');
    const listed = (await run(['rules'])).text;
    expect(listed).toContain('used 0 times, 0 of 2 today');
    const id = listed.split(' ')[0]!;
    expect((await run(['rules', 'revoke', id])).text).toContain('revoked');
  });
});
