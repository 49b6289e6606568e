/**
 * Wires the connected accounts: their store, each vendor's clients and the ports by account. The one
 * place that knows which vendors there are.
 */
import type { Pool } from 'pg';
import { createAccountActivities } from '#activities/account-activities.ts';
import { type AccountPorts, createAccountPorts, createAccounts } from '#activities/accounts.ts';
import { createGoogleCalendar } from '#activities/calendar/google.ts';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch, type EgressMode } from '#activities/egress.ts';
import { createGoogleEmail } from '#activities/email/google.ts';
import { failure } from '#activities/failures.ts';
import { createGoogleClients, type GoogleOptions } from '#activities/google/client.ts';
import { googleSignIn } from '#activities/google/connect.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import type { SignInFlow, SignInFlows } from '#activities/sign-in.ts';
import { limits } from '#contracts/limits.ts';
import { type Config, readSecret, requireSetting } from '#infra/config.ts';

/** The store of accounts, sealed under this installation's key. */
export function credentialStoreOf(config: Config, pool: Pool): CredentialStore {
  return createCredentialStore(pool, credentialsKeyOf(config));
}

function credentialsKeyOf(config: Config): Buffer {
  return Buffer.from(readSecret(config.keys.credentialsFile), 'hex');
}

/** How this installation reaches Google. @throws ConfigError when a setting is missing */
export function googleOptionsOf(config: Config): Omit<GoogleOptions, 'credentials' | 'health'> {
  const { google } = config;
  const why = 'set the OAuth client; see the README on connecting Google';
  return {
    rootUrl: google.rootUrl,
    tokenUrl: google.tokenUrl,
    authUrl: google.authUrl,
    revokeUrl: google.revokeUrl,
    clientId: requireSetting(google.clientId, 'GOOGLE_CLIENT_ID', why),
    clientSecret: requireSetting(google.clientSecret, 'GOOGLE_CLIENT_SECRET', why),
    fetch: createGuardedFetch(egressModeOf(config, google.rootUrl)),
    timeoutMs: limits.vendorTimeoutMs,
  };
}

/** The sign-in of each vendor. @throws ConfigError only when one that is not set up is used */
export function signInFlowsOf(config: Config): SignInFlows {
  return {
    get google() {
      return googleSignIn(googleOptionsOf(config));
    },
    get microsoft(): SignInFlow {
      throw failure('InvalidInputError', 'Microsoft accounts cannot be connected here.');
    },
  };
}

/** A client that only talks to the sandbox may not leave this machine. */
export function egressModeOf(config: Config, url: string | undefined): EgressMode {
  const { url: sandbox } = config.sandbox;
  return sandbox !== undefined && url?.startsWith(sandbox) === true ? 'sandbox' : 'live';
}

/** Everything of the connected accounts that activities are given. */
export async function connectedAccounts(config: Config, pool: Pool, health: ProviderHealth) {
  const credentials = credentialStoreOf(config, pool);
  await connectSandboxAccounts(config, credentials);
  const google = createGoogleClients({ ...googleOptionsOf(config), credentials, health });
  const ports = createAccountPorts({
    credentials,
    google: {
      calendar: async (...account) => createGoogleCalendar(await google(...account)),
      email: async (...account) => createGoogleEmail(await google(...account)),
    },
    microsoft: notYet,
  });
  const activities = createAccountActivities({
    pool,
    key: credentialsKeyOf(config),
    credentials,
    flows: signInFlowsOf(config),
  });
  return { accounts: createAccounts(credentials), ...ports, activities };
}

/** In the sandbox the owner's accounts are connected without asking. */
async function connectSandboxAccounts(config: Config, credentials: CredentialStore): Promise<void> {
  const { google, sandbox, owner } = config;
  if (owner === undefined || egressModeOf(config, google.rootUrl) !== 'sandbox') return;
  if (sandbox.url === undefined || (await credentials.get(owner, owner)) !== undefined) return;
  const refreshToken = `sandbox-refresh-${owner}`;
  await credentials.save(owner, { provider: 'google', email: owner, refreshToken, scopes: [] });
}

const refuse = () =>
  Promise.reject(failure('InvalidInputError', 'Microsoft accounts cannot be used here.'));
const notYet: AccountPorts = { calendar: refuse, email: refuse };
