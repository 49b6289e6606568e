/**
 * How single environment variables are read: each refuses a bad value with what to do about it. It
 * reads no environment itself.
 */
import { z } from 'zod';
import { providers } from '#contracts/accounts.ts';

/** The kinds of work a worker process can host. */
export const workerRoles = ['goals', 'model', 'connectors', 'effects'] as const;
/** One kind of work a worker process can host. */
export type WorkerRole = (typeof workerRoles)[number];

export const text = (cure: string) => z.string().min(1, `is empty: ${cure}`);
export const url = (cure: string) =>
  z.url({
    protocol: /^https?$/,
    error: (issue) => `is not an http(s) URL (${show(issue.input)}): ${cure}`,
  });
export const integer = (min: number, max: number, cure: string) =>
  z
    .string()
    .regex(/^\d+$/, `is not a whole number: ${cure}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `is outside ${min} to ${max}: ${cure}`);
export const port = (fallback: number) => {
  const cure = `set a port from 1 to 65535, 0 for any free one, or unset it for ${fallback}`;
  return integer(0, 65_535, cure).default(fallback);
};
export const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: (i) => `is ${show(i.input)}: use one of ${values.join(', ')}` });
export const roleList = z.string().transform((value, context): WorkerRole[] => {
  const names = value.split(',').map((name) => name.trim());
  const known = names.filter((name): name is WorkerRole => workerRoles.some((r) => r === name));
  if (known.length < names.length) {
    context.addIssue(`is ${show(value)}: list some of ${workerRoles.join(',')}`);
  }
  return known;
});
export const price = z
  .string()
  .regex(
    /^\d+(\.\d+)?\/\d+(\.\d+)?$/,
    'is not <input>/<output>: set dollars per million tokens, like 2.5/10',
  )
  .transform((value) => {
    const [input = 0, output = 0] = value.split('/').map(Number);
    return { input, output };
  });
/** `google:alex@office.example.com:work`: vendor, address, and what the person calls it, if anything. */
export const accountList = z.string().transform((value, context) =>
  value.split(',').flatMap((item) => {
    const [name, email = '', label] = item.trim().split(':');
    const provider = providers.find((known) => known === name);
    if (provider !== undefined && email.includes('@')) return [{ provider, email, label }];
    context.addIssue(`holds ${show(item)}: list accounts as <vendor>:<address>:<name>`);
    return [];
  }),
);
export const zone = z.string().refine(isZone, {
  error: (issue) => `is ${show(issue.input)}: use an IANA zone such as Europe/Berlin`,
});

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function show(input: unknown): string {
  return JSON.stringify(input) ?? 'missing';
}
