/** Finds what `npm start` has running, for programs that work beside it. Starts nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const endpointsSchema = z.object({ databaseUrl: z.string(), temporalAddress: z.string() });

/** Where the database and Temporal of a local stack are; undefined when none is running. */
export async function findLocalStack(
  stateDir: string,
): Promise<z.infer<typeof endpointsSchema> | undefined> {
  try {
    const text = await readFile(join(stateDir, 'endpoints.json'), 'utf8');
    return endpointsSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
