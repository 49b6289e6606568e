/** The library rrule, which Node can only give whole: it is a CommonJS module without named exports. */
import { createRequire } from 'node:module';
import type * as Rrule from 'rrule';

/** What the library exports. */
export const rrule = createRequire(import.meta.url)('rrule') as typeof Rrule;
