/** Small schemas the others are made of. */
import { z } from 'zod';
import { limits } from '../limits.ts';

/** An e-mail address in lower case, as vendors compare them. */
export const addressSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .regex(
    /^[^\s@<>,;"']{1,64}@[^\s@<>,;"']+\.[^\s@<>,;"']+$/,
    'must be an e-mail address like bob@example.com',
  );

/** One of the person's connected accounts: its address, or what the person calls it ("private"). */
export const accountNameSchema = lineSchema(254).min(1);

/** An instant: RFC 3339 with offset. */
export const instantSchema = z.iso.datetime({ offset: true });

/** An IANA zone name this runtime knows. */
export const zoneSchema = z.string().refine(isZone, 'must be an IANA time zone like Europe/Berlin');

/** Working hours: ISO weekdays (1 = Monday) and local `HH:mm`. */
export const workingHoursSchema = z.strictObject({
  days: z.array(z.int().min(1).max(7)).max(7),
  start: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
  end: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/),
});
export type WorkingHours = z.infer<typeof workingHoursSchema>;

/** Somebody the person works with. Ours to store: Google's API has no working hours. */
export const personSchema = z.strictObject({
  email: addressSchema,
  name: z.string().min(1).max(200),
  zone: zoneSchema,
  workingHours: workingHoursSchema,
});
export type Person = z.infer<typeof personSchema>;

export const originSchema = z.object({
  kind: z.enum(['goal', 'directory', 'calendar', 'mail', 'page', 'model']),
  label: z.string(),
  ref: z.string().optional(),
});

/** Text of a line: no control characters, so that nothing can break out of a header or a card. */
export function lineSchema(maxChars: number) {
  return (
    z
      .string()
      .trim()
      .max(maxChars)
      // eslint-disable-next-line no-control-regex
      .regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line without control characters')
  );
}

/** Accounts that could not be read, each with the reason: what they hold is missing beside it. */
export const unreachableSchema = z.array(z.object({ account: z.string(), reason: z.string() }));

export const subjectSchema = lineSchema(limits.subjectMaxChars);

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
