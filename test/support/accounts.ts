/** What the api needs to show connected accounts, with nobody who works on them unless a test says who. */
import type { Pool } from 'pg';
import { createAccountStore } from '#api/accounts/account-store.ts';
import type { RunAccountRequest } from '#api/accounts/account-requests.ts';
import { createSignInStore } from '#api/accounts/sign-in-store.ts';
import { UnavailableError } from '#api/errors.ts';

const nobody: RunAccountRequest = () => Promise.reject(new UnavailableError('Temporal'));

/** The parts of `buildServer` that are about accounts. */
export function accountParts(pool: Pool, runAccountRequest: RunAccountRequest = nobody) {
  return {
    accounts: createAccountStore(pool),
    signIns: createSignInStore(pool),
    runAccountRequest,
  };
}
