/** What the api needs to show connected accounts, with nobody who works on them unless a test says who. */
import type { Pool } from 'pg';
import { createAccountStore } from '#api/accounts/account-store.ts';
import type { RunAccountTask } from '#api/accounts/account-tasks.ts';
import { createSignInStore } from '#api/accounts/sign-in-store.ts';
import { UnavailableError } from '#api/errors.ts';

const nobody: RunAccountTask = () => Promise.reject(new UnavailableError('Temporal'));

/** The parts of `buildServer` that are about accounts. */
export function accountParts(pool: Pool, runAccountTask: RunAccountTask = nobody) {
  return { accounts: createAccountStore(pool), signIns: createSignInStore(pool), runAccountTask };
}
