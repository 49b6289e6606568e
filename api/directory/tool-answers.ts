/** The shape of the catalogue of tools, for the OpenAPI document. */
import { z } from 'zod';
import { toolNames } from '#contracts/tools.ts';

/** The catalogue as `GET /v1/tools` answers it. */
export const toolListSchema = z.object({
  tools: z.array(
    z.object({
      name: z.enum(toolNames),
      summary: z.string(),
      effectClass: z.enum(['read', 'prepare', 'reversible', 'commit']),
      tier: z.int().min(0).max(4),
      scope: z.string(),
      undo: z.string().nullable(),
      outputTrust: z.enum(['trusted', 'untrusted', 'derived']),
      sensitive: z.array(z.string()),
      delayed: z.boolean().describe('Waits after approval, so that it can still be stopped'),
      inputSchema: z
        .record(z.string(), z.unknown())
        .describe('JSON Schema of the input, for editing an approval'),
    }),
  ),
});
