/**
 * Creates the secrets of a local installation on its first start and checks them on every other one.
 * It never replaces a secret that exists: receipts and decisions made with it would become unreadable.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { readSecret, type Config } from '../config.ts';

const privateMode = 0o600;

/**
 * Makes sure that every secret exists, is well formed and closed to others.
 * @returns the bearer token of the api
 * @throws Error in one line that names the file and what to do
 */
export function ensureSecrets(config: Pick<Config, 'api' | 'keys'>): string {
  const { ledgerFile, credentialsFile, webhooksFile } = config.keys;
  const { decisionPrivateFile, decisionPublicFile } = config.keys;
  for (const file of [ledgerFile, credentialsFile, webhooksFile]) {
    ensure(file, () => randomBytes(32).toString('hex'), isKey);
  }
  if (existsSync(decisionPublicFile) && !existsSync(decisionPrivateFile)) {
    throw new Error(
      `${decisionPrivateFile} is missing: restore it, or remove ${decisionPublicFile}`,
    );
  }
  const privatePem = ensure(decisionPrivateFile, newSigningKey, isSigningKey);
  const publicPem = createPublicKey(privatePem).export({ type: 'spki', format: 'pem' }).toString();
  ensure(
    decisionPublicFile,
    () => publicPem,
    (content) => content.trim() === publicPem.trim(),
  );
  if (config.api.token !== undefined) {
    // The command line tool looks for the token in the file.
    writePrivately(config.api.tokenFile, config.api.token);
    return config.api.token;
  }
  const isToken = (content: string) => /^\S{16,}$/.test(content);
  return ensure(config.api.tokenFile, () => randomBytes(24).toString('base64url'), isToken);
}

function ensure(file: string, create: () => string, isValid: (content: string) => boolean): string {
  if (!existsSync(file)) writePrivately(file, create());
  const content = readSecret(file);
  if (!isValid(content)) {
    throw new Error(
      `${file} is damaged: restore it from a copy, or remove it to get a new one (what was made with ` +
        'the old one can then no longer be checked or read)',
    );
  }
  chmodSync(file, privateMode);
  return content;
}

function writePrivately(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.tmp`;
  writeFileSync(unfinished, `${content.trim()}\n`, { mode: privateMode });
  renameSync(unfinished, file);
}

function newSigningKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function isSigningKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'ed25519';
  } catch {
    return false;
  }
}

function isKey(content: string): boolean {
  return /^[0-9a-f]{64}$/.test(content);
}
