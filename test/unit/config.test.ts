import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, loadConfig, readSecret, requireSetting } from '#infra/config.ts';

const problems = (env: Record<string, string>): string[] => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message.split('\n');
  }
};

test('an empty environment gives the documented defaults', () => {
  const config = loadConfig({});
  expect(config).toMatchObject({
    stateDir: resolve('.adjutant'),
    unsignedDecisions: 'refuse',
    taskQueue: 'adjutant',
    api: { host: '127.0.0.1', port: 8080, tokenFile: resolve('.adjutant/token') },
    temporal: { address: '127.0.0.1:7233', external: false, namespace: 'default', uiPort: 8233 },
    postgres: { url: undefined, port: 5439 },
    sandbox: { url: undefined, port: 8090, oraclePort: 8091 },
    worker: { roles: ['goals', 'model', 'connectors', 'effects'], maxCachedWorkflows: 200 },
    keys: { ledgerFile: resolve('.adjutant/ledger.key') },
  });
  expect(config.release.buildId).toMatch(/^\d+\.\d+\.\d+(-[0-9a-f]{8})?$/);
});

test.for([
  ['ADJUTANT_API_PORT', '70000', /^ADJUTANT_API_PORT is outside 0 to 65535: set a port/],
  ['ADJUTANT_API_PORT', '', /^ADJUTANT_API_PORT is not a whole number: set a port/],
  ['OPENAI_BASE_URL', '', /^OPENAI_BASE_URL is not an http\(s\) URL \(""\): set the address/],
  ['OPENAI_BASE_URL', 'file:///etc/passwd', /^OPENAI_BASE_URL is not an http\(s\) URL/],
  ['OPENAI_API_KEY', '', /^OPENAI_API_KEY is empty: set a key, or unset it/],
  ['TEMPORAL_ADDRESS', 'http://x:1', /^TEMPORAL_ADDRESS is not host:port: set it like/],
  ['DATABASE_URL', 'mysql://x/y', /^DATABASE_URL is not a postgres:\/\/ URL: set/],
  ['ADJUTANT_ZONE', 'Mars/Base', /^ADJUTANT_ZONE is "Mars\/Base": use an IANA zone/],
  ['ADJUTANT_OWNER', 'bob', /^ADJUTANT_OWNER is not an e-mail address: set/],
  ['ADJUTANT_UNSIGNED_DECISIONS', 'yes', /^ADJUTANT_UNSIGNED_DECISIONS is "yes": use one of/],
  ['ADJUTANT_WORKER_ROLES', 'goals,cook', /^ADJUTANT_WORKER_ROLES is "goals,cook": list some of/],
  ['ADJUTANT_DAY_TOKENS', '0', /^ADJUTANT_DAY_TOKENS is outside 1 to .*: set tokens/],
  ['ADJUTANT_API_TOKEN', 'short', /^ADJUTANT_API_TOKEN is shorter than 16 characters: use/],
  ['GOOGLE_CLIENT_ID', 'id', /^GOOGLE_CLIENT_SECRET is not set: /],
] as const)('%s=%j is refused in one line with the cure', ([variable, value, line]) => {
  const lines = problems({ [variable]: value });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(line);
});

test('the limits of a day are the ones that are set', () => {
  expect(loadConfig({}).dayBudget).toEqual({});
  expect(loadConfig({ ADJUTANT_DAY_TOKENS: '200000' }).dayBudget).toEqual({ modelTokens: 200_000 });
  expect(loadConfig({ ADJUTANT_DAY_COST_MICRO_USD: '5000000' }).dayBudget).toEqual({
    costMicroUsd: 5_000_000,
  });
});

test('every bad variable gets its own line', () => {
  const lines = problems({ ADJUTANT_API_PORT: 'x', ADJUTANT_ZONE: 'x', DATABASE_URL: 'x' });
  expect(lines).toHaveLength(3);
});

test('a model key needs model names, unless the sandbox answers for the model', () => {
  expect(problems({ OPENAI_API_KEY: 'k' })).toEqual([
    expect.stringMatching(/^ADJUTANT_MODEL_PRIMARY is not set: name a model/),
    expect.stringMatching(/^ADJUTANT_MODEL_FAST is not set: name a model/),
  ]);
  expect(problems({ OPENAI_API_KEY: 'k', ADJUTANT_SANDBOX_URL: 'http://127.0.0.1:1' })).toEqual([]);
});

test('a vendor’s id and secret are given together', () => {
  for (const vendor of ['GOOGLE', 'MICROSOFT']) {
    expect(problems({ [`${vendor}_CLIENT_ID`]: 'x' })).toEqual([
      `${vendor}_CLIENT_SECRET is not set: the id and the secret are used together`,
    ]);
    expect(problems({ [`${vendor}_CLIENT_SECRET`]: 'x' }).join()).toMatch(`${vendor}_CLIENT_ID is`);
    expect(problems({ [`${vendor}_CLIENT_ID`]: 'x', [`${vendor}_CLIENT_SECRET`]: 'y' })).toEqual(
      [],
    );
  }
});

test('the accounts of the sandbox name vendor, address and what they are called', () => {
  const listed = 'google:a@office.example.com:work, microsoft:a@home.example.org';
  expect(loadConfig({ ADJUTANT_SANDBOX_ACCOUNTS: listed }).sandbox.accounts).toEqual([
    { provider: 'google', email: 'a@office.example.com', label: 'work' },
    { provider: 'microsoft', email: 'a@home.example.org', label: undefined },
  ]);
  expect(loadConfig({ ADJUTANT_OWNER: 'a@b.example' }).sandbox.accounts).toMatchObject([
    { provider: 'google', email: 'a@b.example' },
  ]);
  for (const wrong of ['yahoo:a@b.example', 'google', 'google:nobody']) {
    expect(problems({ ADJUTANT_SANDBOX_ACCOUNTS: wrong })).toHaveLength(1);
  }
});

test('an external Temporal and Postgres are taken as given', () => {
  const config = loadConfig({ TEMPORAL_ADDRESS: 'temporal:7233', DATABASE_URL: 'postgres://h/d' });
  expect(config.temporal).toMatchObject({ address: 'temporal:7233', external: true });
  expect(config.postgres.url).toBe('postgres://h/d');
});

test('error lines never repeat a secret', () => {
  expect(problems({ ADJUTANT_API_TOKEN: 'hunter2' }).join()).not.toContain('hunter2');
  expect(problems({ DATABASE_URL: 'mysql://u:hunter2@h/d' }).join()).not.toContain('hunter2');
});

test('a setting that is needed and missing is named with the reason', () => {
  expect(requireSetting('x', 'DATABASE_URL', 'why')).toBe('x');
  expect(() => requireSetting(undefined, 'DATABASE_URL', 'the api keeps goals there')).toThrow(
    'DATABASE_URL is not set: the api keeps goals there',
  );
});

test('a secret is read without its line end; a missing or empty file is named', () => {
  const dir = mkdtempSync(join(tmpdir(), 'adjutant-config-'));
  const file = join(dir, 'secret');
  expect(() => readSecret(file)).toThrow(`${file} cannot be read (ENOENT): run npm start once`);
  writeFileSync(file, ' \n');
  expect(() => readSecret(file)).toThrow(`${file} is empty: restore it`);
  writeFileSync(file, 'abc\n');
  expect(readSecret(file)).toBe('abc');
  rmSync(dir, { recursive: true });
});
