/** Schemas we send stay inside the strict subset; what the subset cannot say is refused early. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { planFormat } from '#activities/planner/plan-schema.ts';
import { strictSchema } from '#activities/planner/strict-schema.ts';
import { composeEmailOutputSchema, summarizeOutputSchema } from '#contracts/schemas/language.ts';
import { toolSchemas } from '#contracts/schemas/tools.ts';
import { toolNames } from '#contracts/tools.ts';
import { strictSubsetBreaches } from '#test/support/strict-subset.ts';

describe('the strict subset', () => {
  it('holds for the plan and for every reply we ask for', () => {
    expect(strictSubsetBreaches(planFormat)).toEqual([]);
    for (const schema of [composeEmailOutputSchema, summarizeOutputSchema]) {
      expect(strictSubsetBreaches(strictSchema(schema))).toEqual([]);
    }
  });

  it('holds for the input of every tool, with references', () => {
    for (const tool of toolNames) {
      expect(strictSubsetBreaches(strictSchema(toolSchemas[tool].input, true)), tool).toEqual([]);
    }
  });

  it('offers one step variant for each tool in the catalogue', () => {
    const text = JSON.stringify(planFormat);
    for (const tool of toolNames) expect(text).toContain(`"enum":["${tool}"]`);
  });

  it('makes optional fields null and drops what servers may not know', () => {
    const schema = z.strictObject({
      email: z.email().max(10),
      note: z.string().default('x').nullish(),
      count: z.int().min(1),
      any: z.json(),
    });
    expect(strictSchema(schema)).toEqual({
      type: 'object',
      properties: {
        email: { type: 'string' },
        note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        count: { type: 'integer', minimum: 1 },
        any: { type: 'string' },
      },
      required: ['email', 'note', 'count', 'any'],
      additionalProperties: false,
    });
  });

  it('lets numbers, lists and choices also be references', () => {
    const schema = strictSchema(z.strictObject({ n: z.int(), l: z.array(z.string()) }), true);
    const { n, l } = schema.properties as Record<string, { anyOf: { type: string }[] }>;
    expect(n!.anyOf.map(({ type }) => type)).toEqual(['integer', 'string']);
    expect(l!.anyOf.map(({ type }) => type)).toEqual(['array', 'string']);
  });

  it('refuses records, tuples and roots that are no objects', () => {
    expect(() => strictSchema(z.object({ r: z.record(z.string(), z.string()) }))).toThrow(
      TypeError,
    );
    expect(() => strictSchema(z.object({ t: z.tuple([z.string()]) }))).toThrow(TypeError);
    expect(() => strictSchema(z.string())).toThrow(TypeError);
  });

  it('is told apart from loose schemas by the checker', () => {
    expect(strictSubsetBreaches({ type: 'object', properties: { a: {} } })).not.toEqual([]);
    expect(strictSubsetBreaches(z.toJSONSchema(z.object({ a: z.email() })))).not.toEqual([]);
  });
});
