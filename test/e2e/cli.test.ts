/** The command line tool as a process of its own, the way people start it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alice, createFixture, type Fixture, tokens } from '../contract/api-fixture.ts';

const bin = fileURLToPath(new URL('../../api/cli/bin.mjs', import.meta.url));
let api: Fixture;
let url: string;
beforeAll(async () => {
  api = await createFixture();
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(() => api[Symbol.asyncDispose]());

function run(args: string[], env: Record<string, string>) {
  return new Promise<{ code: number | null; out: string; error: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let error = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (error += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, error }));
  });
}

it('starts a goal and approves what it asks for', async () => {
  const env = { ADJUTANT_API_URL: url, ADJUTANT_API_TOKEN: tokens[alice] };
  const started = await run(['goal', 'Invite Bob next week'], env);
  expect([started.code, started.error]).toEqual([0, '']);
  const goalId = api.temporal.started[0]!.goalId;
  expect(started.out).toContain(goalId);
  const { approvalId } = await api.approval(goalId);
  const approved = await run(['approve', approvalId, '--yes'], env);
  expect([approved.code, approved.error]).toEqual([0, '']);
  expect(approved.out).not.toContain('\u001b');
  expect(api.temporal.decisions).toHaveLength(1);
});

it('says in one line that the stack is not running', async () => {
  const { code, out, error } = await run(['approvals'], { ADJUTANT_STATE_DIR: 'no-such-folder' });
  expect([code, out]).toEqual([1, '']);
  expect(error).toMatch(/^The stack is not running .*npm start\n$/);
});
