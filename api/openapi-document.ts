/** The OpenAPI document of a built server: what the routes declare, with problems and security added. */
import { problemSchema } from './errors.ts';
import { finishRefs, type NamedSchemas, toJson } from './zod-routes.ts';

/** The parts of the document that no route declares. */
export function documentInfo(version: string) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Adjutant',
      version,
      description:
        'Goals, approvals and their history. Errors are RFC 9457 problem documents with a stable `type`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    components: { securitySchemes: { bearer: { type: 'http' as const, scheme: 'bearer' } } },
  };
}

type Json = { [key: string]: unknown };
type Operations = Record<string, Operation>;
type Operation = Json & {
  responses?: Record<string, Json>;
  requestBody?: Json;
  parameters?: Json[];
};

/** Completes what @fastify/swagger made: shared schemas, problems, and the headers routes read. */
export function completeDocument(made: object, named: NamedSchemas): Json {
  toJson(problemSchema, 'output', named);
  const document = made as Json & { paths: Record<string, Operations> };
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, item]) => [method, completed(path, item)]),
      ),
    ]),
  );
  const schemas = Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1)));
  const components = { ...(document['components'] as Json), schemas };
  return finishRefs({ ...document, paths, components }) as Json;
}

const descriptions: Readonly<Record<string, string>> = {
  '202': 'Accepted; it goes on after this answer',
};

const problemAnswer = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function completed(path: string, operation: Operation): Operation {
  const secured = path.startsWith('/v1/');
  const parameters = [...(operation.parameters ?? []), ...headersOf(operation['operationId'])];
  return {
    ...operation,
    ...(secured ? { security: [{ bearer: [] }] } : { security: [] }),
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.responses ?? {}).map(([status, answer]) => [
          status,
          { ...answer, description: descriptions[status] ?? 'Done' },
        ]),
      ),
      ...(secured ? { '401': problemAnswer('No valid token') } : {}),
      '4XX': problemAnswer('The request is refused; `detail` says what to do'),
      '5XX': problemAnswer('Not available right now; 503 carries Retry-After'),
    },
  };
}

function headersOf(operationId: unknown): Json[] {
  if (operationId !== 'startGoal') return [];
  const header = (name: string, description: string) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  });
  return [
    header('Idempotency-Key', 'Makes a retry safe: same key and body, same answer'),
    header('Prefer', '`wait=N` waits up to N seconds'),
  ];
}
