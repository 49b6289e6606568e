/**
 * Wires the connected accounts: their store, each vendor's clients and the ports by account. The one
 * place that knows which vendors there are.
 */
import type { Pool } from 'pg';
import { createAccountActivities } from '#activities/account-activities.ts';
import { createAccountPorts, createAccounts } from '#activities/accounts.ts';
import { createGoogleCalendar } from '#activities/calendar/google.ts';
import { createMicrosoftCalendar } from '#activities/calendar/microsoft.ts';
import { createCredentialStore, type CredentialStore } from '#activities/credentials.ts';
import { createGuardedFetch, type EgressMode } from '#activities/egress.ts';
import { createGoogleEmail } from '#activities/email/google.ts';
import { createMicrosoftEmail } from '#activities/email/microsoft.ts';
import { failure } from '#activities/failures.ts';
import { createGoogleClients, type GoogleOptions } from '#activities/google/client.ts';
import { googleSignIn } from '#activities/google/connect.ts';
import { createMicrosoftClients, type MicrosoftOptions } from '#activities/microsoft/client.ts';
import { microsoftSignIn } from '#activities/microsoft/connect.ts';
import type { ProviderHealth } from '#activities/providers/health.ts';
import type { SignInFlows } from '#activities/sign-in.ts';
import type { Provider } from '#contracts/accounts.ts';
import { limits } from '#contracts/limits.ts';
import { type Config, ConfigError, readSecret, requireSetting } from '#infra/config.ts';

/** The store of accounts, sealed under this installation's key. */
export function credentialStoreOf(config: Config, pool: Pool): CredentialStore {
  return createCredentialStore(pool, credentialsKeyOf(config));
}

function credentialsKeyOf(config: Config): Buffer {
  return Buffer.from(readSecret(config.keys.credentialsFile), 'hex');
}

/** How this installation reaches Google. @throws ConfigError when a setting is missing */
function googleOptionsOf(config: Config): Omit<GoogleOptions, 'credentials' | 'health'> {
  const { google } = config;
  const why = 'set the OAuth client; see the README on connecting accounts';
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

/** How this installation reaches Microsoft. @throws ConfigError when a setting is missing */
function microsoftOptionsOf(config: Config): Omit<MicrosoftOptions, 'credentials' | 'health'> {
  const { microsoft } = config;
  const why = 'set the OAuth client; see the README on connecting accounts';
  return {
    rootUrl: microsoft.rootUrl,
    authorityUrl: microsoft.authorityUrl,
    clientId: requireSetting(microsoft.clientId, 'MICROSOFT_CLIENT_ID', why),
    clientSecret: requireSetting(microsoft.clientSecret, 'MICROSOFT_CLIENT_SECRET', why),
    fetch: createGuardedFetch(egressModeOf(config, microsoft.rootUrl)),
    timeoutMs: limits.vendorTimeoutMs,
  };
}

/** The sign-in of each vendor. @throws InvalidInputError when one that is not set up is used */
export function signInFlowsOf(config: Config): SignInFlows {
  return {
    get google() {
      return whereSetUp(() => googleSignIn(googleOptionsOf(config)));
    },
    get microsoft() {
      return whereSetUp(() => microsoftSignIn(microsoftOptionsOf(config)));
    },
  };
}

/** One vendor may be enough: the other is missed when it is used. */
function whereSetUp<Part>(build: () => Part): Part {
  try {
    return build();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw failure('InvalidInputError', error.message, { cause: error });
  }
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
  const common = { credentials, health };
  const google = once(() => createGoogleClients({ ...googleOptionsOf(config), ...common }));
  const microsoft = once(() =>
    createMicrosoftClients({ ...microsoftOptionsOf(config), ...common }),
  );
  const ports = createAccountPorts({
    credentials,
    google: {
      calendar: async (...account) => createGoogleCalendar(await google()(...account)),
      email: async (...account) => createGoogleEmail(await google()(...account)),
    },
    microsoft: {
      calendar: async (...account) => createMicrosoftCalendar(await microsoft()(...account)),
      email: async (...account) => createMicrosoftEmail(await microsoft()(...account)),
    },
  });
  const activities = createAccountActivities({
    pool,
    key: credentialsKeyOf(config),
    credentials,
    flows: signInFlowsOf(config),
  });
  return { accounts: createAccounts(credentials), ...ports, activities };
}

/** Builds a vendor's clients when they are first used, and keeps them. */
function once<Clients>(build: () => Clients): () => Clients {
  let built: Clients | undefined;
  return () => (built ??= whereSetUp(build));
}

/** In the sandbox the owner's accounts are connected without asking. */
async function connectSandboxAccounts(config: Config, credentials: CredentialStore): Promise<void> {
  const { owner, sandbox } = config;
  if (owner === undefined || sandbox.url === undefined) return;
  for (const { provider, email, label } of sandbox.accounts) {
    if (egressModeOf(config, config[provider].rootUrl) !== 'sandbox') continue;
    if ((await credentials.get(owner, email)) !== undefined) continue;
    const refreshToken = `${sandboxRefreshTokens[provider]}${email}`;
    const isDefault = email === owner ? true : undefined;
    await credentials.save(owner, { provider, email, refreshToken, scopes: [], label, isDefault });
  }
}

/** How the sandbox's standing refresh tokens begin; the address follows. */
const sandboxRefreshTokens = {
  google: 'sandbox-refresh-',
  microsoft: 'sandbox-microsoft-refresh-',
} as const satisfies Record<Provider, string>;
