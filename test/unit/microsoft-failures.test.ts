/** Reading Microsoft's errors: Graph's, the sign-in's, and what is no error of theirs at all. */
import { GraphError } from '@microsoft/microsoft-graph-client';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnknownOutcomeError } from '#activities/effects/handler.ts';
import { failure } from '#activities/failures.ts';
import {
  microsoftCall,
  microsoftReadFailure,
  microsoftTokenFailure,
  microsoftWriteFailure,
  readGraphError,
} from '#activities/microsoft/failures.ts';

const call = microsoftCall('a@b.example', 'x');
const graphError = (status: number, code: string, headers = {}) =>
  Object.assign(new GraphError(status, 'Slow'), { code, headers: new Headers(headers) });

describe('errors of the Graph client', () => {
  it('reads status, code, message and wait from an answer', () => {
    const error = graphError(429, 'ApplicationThrottled', { 'retry-after': '12' });
    expect(readGraphError(error)).toEqual({
      status: 429,
      code: 'ApplicationThrottled',
      message: 'Slow',
      retryAfterMs: 12_000,
      neverSent: false,
      limited: true,
    });
  });

  it('takes the client’s "-1" for no answer', () => {
    expect(readGraphError(graphError(-1, 'TypeError')).status).toBeUndefined();
  });

  it('takes a used transaction id for a reason to look, whatever its status', () => {
    for (const status of [400, 409]) {
      const error = graphError(status, 'ErrorDuplicateTransactionId');
      expect(microsoftWriteFailure(error, call)).toBeInstanceOf(UnknownOutcomeError);
    }
  });

  it('takes an id it cannot read for one of nothing', () => {
    expect(microsoftReadFailure(graphError(400, 'ErrorInvalidIdMalformed'), call)).toMatchObject({
      type: 'NotFoundError',
    });
    expect(microsoftReadFailure(graphError(400, 'invalidRequest'), call)).toMatchObject({
      type: 'InvalidInputError',
    });
  });

  it('passes failures of ours through, however deep they are wrapped', () => {
    const own = failure('EgressBlockedError', 'Blocked.');
    const wrapped = new Error('outer', { cause: new Error('inner', { cause: own }) });
    expect(microsoftReadFailure(wrapped, call)).toBe(own);
    expect(microsoftWriteFailure(wrapped, call)).toBe(own);
    expect(microsoftTokenFailure(wrapped, 'a@b.example')).toBe(own);
  });

  it('takes anything it cannot read for an unknown outcome of a write', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(microsoftWriteFailure(thrown, call)).toBeInstanceOf(Error);
        expect(microsoftTokenFailure(thrown)).toBeInstanceOf(Error);
      }),
    );
    for (const thrown of [
      undefined,
      null,
      'text',
      7,
      { toString: '' },
      new Error('x'),
      graphError(500, 'x'),
    ]) {
      expect(microsoftWriteFailure(thrown, call)).toBeInstanceOf(UnknownOutcomeError);
    }
  });
});

describe('errors of the sign-in', () => {
  const oauthError = (status: number, error: string) =>
    Object.assign(new Error('AADSTS70008: expired.'), { status, error });

  it.each([
    ['invalid_grant', 400, 'ReconnectRequiredError'],
    ['interaction_required', 400, 'ReconnectRequiredError'],
    ['invalid_client', 401, 'ReconnectRequiredError'],
    ['temporarily_unavailable', 400, 'ProviderUnavailableError'],
    ['server_error', 503, 'ProviderUnavailableError'],
    ['slow_down', 429, 'RateLimitedError'],
  ])('%s with %i is %s', (error, status, type) => {
    expect(microsoftTokenFailure(oauthError(status, error), 'a@b.example')).toMatchObject({ type });
  });
});
