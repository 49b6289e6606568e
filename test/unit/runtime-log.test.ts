/** What the SDK's log lines may say: never what a failed activity said. */
import { Writable } from 'node:stream';
import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { createLogger } from '#infra/logger.ts';
import { runtimeLogger } from '#workers/runtime-log.ts';

function linesOf(
  write: (logger: ReturnType<typeof runtimeLogger>) => void,
): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString('utf8')) as Record<string, unknown>);
      done();
    },
  });
  write(runtimeLogger(createLogger({ name: 'worker', level: 'info', destination })));
  return lines;
}

it('names the type of an activity’s failure and keeps its words and token out', () => {
  const error = ApplicationFailure.nonRetryable('No event "Secret merger talk"', 'NotFoundError');
  const lines = linesOf((log) =>
    log.warn('Activity failed', { error, taskToken: 'abc', activityType: 'findEvent' }),
  );
  expect(lines).toMatchObject([
    { level: 'warn', failure: 'NotFoundError', activityType: 'findEvent' },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/merger|taskToken/);
});

it('keeps the error of a workflow task, which is a fault of the code', () => {
  const [line] = linesOf((log) =>
    log.error('Failed to activate workflow', { error: new TypeError('boom') }),
  );
  expect(JSON.stringify(line)).toContain('boom');
});

it('says nothing about queues that host no workflows', () => {
  expect(
    linesOf((log) => log.warn('No workflows registered, not polling for workflow tasks')),
  ).toEqual([]);
});
