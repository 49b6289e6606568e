/** The log line of an activity: ids and outcome, and nothing of what it worked on. */
import { Writable } from 'node:stream';
import type { Context } from '@temporalio/activity';
import { expect, it } from 'vitest';
import { failure } from '#activities/failures.ts';
import { createLogger } from '#infra/logger.ts';
import { activityLog } from '#infra/telemetry/activity-log.ts';

it('names goal, step, activity and outcome, and neither input nor message', async () => {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString('utf8'));
      done();
    },
  });
  const logger = createLogger({ name: 'worker', level: 'info', destination });
  const workflowExecution = { workflowId: 'goal:01m7z2rpdn5bhvj9xc8qa7byf5', runId: 'r' };
  const info = { activityType: 'findEvent', attempt: 2, workflowExecution };
  const { inbound } = activityLog(logger)({ info } as unknown as Context);
  const args = [{ context: { stepId: 'found' }, input: { words: 'secret merger' } }];
  await inbound?.execute?.({ args, headers: {} }, () => Promise.resolve('secret result'));
  const failing = inbound?.execute?.({ args, headers: {} }, () =>
    Promise.reject(failure('NotFoundError', 'No secret merger')),
  );
  await expect(failing).rejects.toThrow('No secret merger');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    {
      goalId: '01m7z2rpdn5bhvj9xc8qa7byf5',
      stepId: 'found',
      activity: 'findEvent',
      attempt: 2,
      outcome: 'completed',
    },
    { stepId: 'found', outcome: 'failed', failure: 'NotFoundError' },
  ]);
  expect(lines.join('')).not.toContain('secret');
});
