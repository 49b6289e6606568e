/**
 * Whose account the live checks run on: an access token from the environment, or a refresh token with
 * the OAuth client that the product uses. It stores no token and prints none.
 */
import type { Provider } from '#contracts/accounts.ts';
import { type Config, requireSetting } from '#infra/config.ts';
import { createWire, type Wire } from './wire.ts';

/** The tokens a person may hand in; one of them is needed. */
export type Tokens = {
  readonly access?: string | undefined;
  readonly refresh?: string | undefined;
};

const standard = {
  google: { root: 'https://www.googleapis.com', gmail: 'https://gmail.googleapis.com' },
  microsoft: { root: 'https://graph.microsoft.com' },
} as const;

/** A way to the account and its address. @throws Error in words that say what to do */
export async function openAccount(
  provider: Provider,
  config: Config,
  tokens: Tokens,
): Promise<{ wire: Wire; account: string }> {
  const token = tokens.access ?? (await renew(provider, config, tokens.refresh));
  const wire = provider === 'google' ? googleWire(config, token) : microsoftWire(config, token);
  const [path, ...names] =
    provider === 'google'
      ? ['/gmail/v1/users/me/profile', 'emailAddress']
      : ['/v1.0/me', 'mail', 'userPrincipalName'];
  const answer = (await wire('GET', path ?? '')).must('The account could not be opened');
  const account = names.map((name) => answer.text(name)).find((found) => found !== undefined);
  if (account === undefined) throw new Error('The account has no address.');
  return { wire, account: account.toLowerCase() };
}

/** Google's services have an address each; a sandbox has one for both. */
function googleWire({ google }: Config, token: string): Wire {
  const calendar = createWire(google.rootUrl ?? standard.google.root, token);
  const gmail = createWire(google.rootUrl ?? standard.google.gmail, token);
  return (method, path, call) =>
    (path.startsWith('/gmail/') ? gmail : calendar)(method, path, call);
}

function microsoftWire({ microsoft }: Config, token: string): Wire {
  return createWire(microsoft.rootUrl ?? standard.microsoft.root, token);
}

async function renew(
  provider: Provider,
  config: Config,
  refreshToken: string | undefined,
): Promise<string> {
  if (refreshToken === undefined) {
    throw new Error(
      'Set ADJUTANT_LIVE_TOKEN, or ADJUTANT_LIVE_REFRESH_TOKEN and the OAuth client.',
    );
  }
  const { clientId, clientSecret } = config[provider];
  const vendor = provider.toUpperCase();
  const why = 'a refresh token is exchanged by the client it was given to';
  const authority = config.microsoft.authorityUrl ?? 'https://login.microsoftonline.com/common';
  const url =
    provider === 'google'
      ? (config.google.tokenUrl ?? 'https://oauth2.googleapis.com/token')
      : `${authority.replace(/\/+$/, '')}/oauth2/v2.0/token`;
  const answer = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: requireSetting(clientId, `${vendor}_CLIENT_ID`, why),
      client_secret: requireSetting(clientSecret, `${vendor}_CLIENT_SECRET`, why),
    }),
    signal: AbortSignal.timeout(30_000),
  });
  const body = (await answer.json()) as { access_token?: string; error?: string };
  if (body.access_token !== undefined) return body.access_token;
  throw new Error(`The refresh token was not taken: ${answer.status} ${body.error ?? ''}`);
}
