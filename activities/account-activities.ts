/**
 * The activities that connect and disconnect accounts for the api. They read and write rows; nothing
 * secret goes through an argument or a result.
 */
import type { Pool } from 'pg';
import type { AccountActivities } from '#contracts/accounts.ts';
import { limits } from '#contracts/limits.ts';
import type { CredentialStore } from './credentials.ts';
import { failure } from './failures.ts';
import { disconnect, type SignInFlows } from './sign-in.ts';
import { openToken, type Provider, sealToken, type TokenOwner } from './token-seal.ts';

/** What they need. `key` seals verifiers as it seals tokens: 32 bytes. */
export type AccountActivityDeps = {
  readonly pool: Pool;
  readonly key: Buffer;
  readonly credentials: CredentialStore;
  readonly flows: SignInFlows;
};

type SignInRow = {
  readonly owner: string;
  readonly provider: Provider;
  readonly label: string | null;
  readonly isDefault: boolean;
  readonly redirectUri: string;
  readonly state: string;
  readonly verifier: string | null;
  readonly code: string | null;
};

/** Builds the activities. */
export function createAccountActivities(deps: AccountActivityDeps): AccountActivities {
  const { pool, key, credentials, flows } = deps;
  return {
    /**
     * Effect: none outside. Idempotency: a retry overwrites what the first wrote. Heartbeats: no.
     * @throws NotFoundError for a sign-in that is over
     */
    async prepareSignIn({ signInId }) {
      const row = await readSignIn(pool, signInId);
      const { redirectUri, state, owner, provider } = row;
      const isFirst = (await credentials.list(owner)).length === 0;
      const { url, verifier } = await flows[provider].consent({
        redirectUri,
        state,
        loginHint: isFirst ? owner : undefined,
      });
      const sealed = sealToken(key, verifier, verifierOf(signInId, row), 'verifier');
      await pool.query(
        'update sign_ins set consent_url = $2, sealed_verifier = $3 where id = $1 and code is null',
        [signInId, url, sealed],
      );
      return { account: null, leftToDo: null };
    },
    /**
     * Effect: the vendor turns the code into tokens, once; they are stored. Idempotency: a second
     * attempt is refused by the vendor, and the person consents again. Heartbeats: no.
     * @throws NotFoundError, ReconnectRequiredError, InvalidInputError for a name that is taken
     */
    async completeSignIn({ signInId }) {
      const row = await readSignIn(pool, signInId);
      const { owner, provider, code, verifier, redirectUri } = row;
      if (code === null || verifier === null) throw over();
      const signedIn = await flows[provider].redeem({
        code,
        verifier: openToken(key, verifier, verifierOf(signInId, row), 'verifier'),
        redirectUri,
      });
      const { label, isDefault } = row;
      await credentials.save(owner, {
        ...signedIn,
        provider,
        label: label ?? undefined,
        isDefault,
      });
      await pool.query('delete from sign_ins where id = $1', [signInId]);
      return { account: signedIn.email, leftToDo: null };
    },
    /**
     * Effect: the grant ends at the vendor and the account here. Idempotency: what is gone is done.
     * Heartbeats: no. @throws nothing of its own
     */
    async disconnectAccount({ owner, account }) {
      const left = await disconnect(credentials, flows, owner, account);
      return { account: left === undefined ? null : account, leftToDo: left ?? null };
    },
  };
}

async function readSignIn(pool: Pool, id: string): Promise<SignInRow> {
  const { rows } = await pool.query<SignInRow>(
    `select owner, provider, label, is_default as "isDefault", redirect_uri as "redirectUri", state,
       sealed_verifier as verifier, code
     from sign_ins where id = $1 and created_at > now() - $2::float8 * interval '1 ms'`,
    [id, limits.consentMs],
  );
  if (rows[0] === undefined) throw over();
  return rows[0];
}

function over(): Error {
  return failure('NotFoundError', 'This sign-in is over. Begin again.');
}

/** A verifier is bound to its sign-in, so that it cannot be put into another one's row. */
function verifierOf(signInId: string, { owner, provider }: SignInRow): TokenOwner {
  return { owner, provider, account: signInId };
}
