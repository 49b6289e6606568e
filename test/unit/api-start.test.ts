/** Small pure parts of starting goals: ids, headers, tokens, summaries. */
import { describe, expect, it } from 'vitest';
import { createTokenAuth } from '#api/auth.ts';
import { shorten } from '#api/goals/start-options.ts';
import { newGoalId } from '#api/goals/goal-id.ts';
import { readIdempotencyKey, readWait } from '#api/goals/start-routes.ts';
import { problemOf, UnavailableError } from '#api/errors.ts';
import { parseGoalId } from '#contracts/names.ts';

describe('goal ids', () => {
  it('are what names.ts takes for a goal id, sort by time and do not repeat', () => {
    const ids = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001].map(newGoalId);
    expect(ids.every((id) => parseGoalId(id) === id)).toBe(true);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(Array.from({ length: 1_000 }, () => newGoalId(5))).size).toBe(1_000);
  });
});

describe('headers', () => {
  it.each([
    ['wait=5', 5],
    ['respond-async, wait=10', 10],
    ['wait = 7; foo=1', 7],
    ['wait=9999', 60],
    ['wait=-1', null],
    ['waiting=5', null],
    ['wait=abc', null],
    [undefined, null],
  ])('Prefer: %s waits %s', (header, seconds) => {
    expect(readWait(header)).toBe(seconds);
  });

  it('takes an Idempotency-Key with and without quotes as the same', () => {
    expect(readIdempotencyKey('"abc"')).toBe('abc');
    expect(readIdempotencyKey('abc')).toBe('abc');
    expect(readIdempotencyKey(undefined)).toBeNull();
    for (const bad of ['', '""', 'a b', 'auto x', 'ü']) {
      expect(() => readIdempotencyKey(bad)).toThrow(/Idempotency-Key/);
    }
  });
});

describe('tokens', () => {
  it('open for the whole token only', () => {
    const principal = { owner: 'a@example.com', actor: 'a@example.com' };
    const authenticate = createTokenAuth([{ token: 'secret-token-0001', principal }]);
    expect(authenticate('secret-token-0001')).toBe(principal);
    for (const wrong of ['', 'secret-token-000', 'secret-token-00011', 'SECRET-TOKEN-0001']) {
      expect(authenticate(wrong)).toBeNull();
    }
  });
});

describe('summaries', () => {
  it('are one line without control characters, never cut inside a character', () => {
    expect(shorten('a\n\tb\u0000c\u202ed', 100)).toBe('a b c d');
    const cut = shorten('😀'.repeat(200), 100);
    expect(Array.from(cut)).toHaveLength(100);
    expect(cut).not.toMatch(/\p{Surrogate}/u);
  });
});

describe('errors', () => {
  const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });
  it.each([
    [new UnavailableError('Temporal'), 'unavailable'],
    [withCode('ECONNREFUSED'), 'unavailable'],
    [withCode('57P01'), 'unavailable'],
    [withCode('53300'), 'unavailable'],
    [new Error('timeout exceeded when trying to connect'), 'unavailable'],
    [new Error('Connection terminated unexpectedly'), 'unavailable'],
    [new AggregateError([withCode('ECONNREFUSED')]), 'unavailable'],
    [withCode('23505'), 'internal'],
    [new TypeError('secret detail'), 'internal'],
    ['a string', 'internal'],
    [null, 'internal'],
  ])('%s become %s without their message', (error, kind) => {
    const problem = problemOf(error);
    expect(problem.kind).toBe(kind);
    expect(problem.message).not.toContain('secret detail');
  });
});
