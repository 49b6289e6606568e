/**
 * `GET /v1/goals/{id}/events` and `GET /v1/events`: the journal as server-sent events, from the place
 * the reader names. Nothing is kept between two connections.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { limits } from '#contracts/limits.ts';
import { principalOf } from '../auth.ts';
import { Problem } from '../errors.ts';
import { findGoal, type GoalRouteDeps } from '../goals/goal-routes.ts';
import { idParamsSchema } from '../route-schemas.ts';
import type { ZodInstance } from '../zod-routes.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { type EventSource, openEventStream } from './event-stream.ts';
import { goalSource, inboxSource } from './event-sources.ts';
import type { JournalFeed } from './journal-feed.ts';
import type { JournalWatch } from './journal-watch.ts';

/** What these routes need. */
export type EventRouteDeps = GoalRouteDeps & {
  readonly feed: JournalFeed;
  readonly watch: JournalWatch;
  /** Aborted when the server closes: streams end then, and readers come back. */
  readonly closing: AbortSignal;
  readonly streams?: StreamLimits;
};

/** Bounds that tests shorten. */
export type StreamLimits = {
  readonly perOwner?: number;
  readonly keepAliveMs?: number;
  readonly slowReaderMs?: number;
};

const goalQuerySchema = z.strictObject({
  after: z.coerce.number().int().min(0).max(999_999_999).optional(),
});
const inboxQuerySchema = z.strictObject({ after: z.string().max(100).optional() });

const streamAnswer = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: { type: 'string', description } } },
});
const shape =
  'Data is `{ goalId, number, at, type, stepId, data }` as JSON, the event name is `type`. A comment comes every 15 s.';

/** Registers the routes. */
export function eventRoutes(app: ZodInstance, deps: EventRouteDeps): void {
  const open = createOpener(deps);
  app.get(
    '/v1/goals/:id/events',
    {
      schema: {
        tags: ['events'],
        operationId: 'streamGoalEvents',
        summary: 'What happens to a goal, as it happens',
        description: `${shape} The id is the journal number; header \`Last-Event-ID\` or \`after\` resumes behind it. Ends with the goal; 204 when there is nothing left to send.`,
        params: idParamsSchema,
        querystring: goalQuerySchema,
        response: { 200: streamAnswer(shape), 204: { type: 'null', description: 'It has ended' } },
      },
    },
    async (request, reply) => {
      const { owner } = principalOf(request);
      const { goalId } = await findGoal(deps, owner, request.params.id);
      const after = lastNumber(request) ?? request.query.after ?? 0;
      const { events, ended } = await deps.feed.goal(goalId, after, 1);
      // 204 tells a browser not to connect again.
      if (ended && events.length === 0) return reply.code(204).send();
      return open(request, reply, goalSource(deps, goalId, after), '');
    },
  );
  app.get(
    '/v1/events',
    {
      schema: {
        tags: ['events'],
        operationId: 'streamEvents',
        summary: 'What happens to all your goals, as it happens',
        description: `${shape} The id is opaque; header \`Last-Event-ID\` or \`after\` resumes exactly behind it, without one only what is still to come is sent. Events of one goal may come out of order where its steps run side by side: \`number\` orders them. An event \`reset\` says that the journal was rebuilt since: load what you show anew; while it is being rebuilt, events may come again.`,
        querystring: inboxQuerySchema,
        response: { 200: streamAnswer(shape) },
      },
    },
    async (request, reply) => {
      const { owner } = principalOf(request);
      const text = lastEventId(request) ?? request.query.after;
      const after = text === undefined ? await deps.feed.end() : parseCursor(text);
      if (after === undefined) {
        throw new Problem('invalid-input', 'Send the id of an event of this stream, or none.');
      }
      const opening = `id: ${formatCursor(after)}\n`;
      return open(request, reply, inboxSource(deps, owner, after), opening);
    },
  );
}

/** Opens streams, and refuses more than an owner may have. */
function createOpener({ closing, streams = {} }: EventRouteDeps) {
  const { perOwner = limits.streamsPerOwner, ...timing } = streams;
  const open = new Map<string, number>();
  const count = (owner: string, change: number) => open.set(owner, (open.get(owner) ?? 0) + change);
  return (request: FastifyRequest, reply: FastifyReply, source: EventSource, opening: string) => {
    const { owner } = principalOf(request);
    if ((open.get(owner) ?? 0) >= perOwner) {
      throw new Problem(
        'too-many-streams',
        `You have ${perOwner} event streams open. Close one first.`,
        { headers: { 'retry-after': String(limits.retryAfterSeconds) } },
      );
    }
    reply.type('text/event-stream; charset=utf-8').header('x-accel-buffering', 'no');
    if (request.method === 'HEAD') return reply.send('');
    // No request follows on this connection, and a kept one would hold up the end of the process.
    reply.header('connection', 'close');
    const onError = (error: unknown) => request.log.warn({ err: error }, 'event stream');
    const stream = openEventStream(source, { opening, closing, ...timing, onError });
    count(owner, 1);
    stream.once('close', () => count(owner, -1));
    return reply.send(stream);
  };
}

function lastEventId(request: FastifyRequest): string | undefined {
  const text = [request.headers['last-event-id'] ?? []].flat()[0];
  return text === '' ? undefined : text;
}

function lastNumber(request: FastifyRequest): number | undefined {
  const text = lastEventId(request);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Problem('invalid-input', 'Last-Event-ID must be the number of an event of this goal.');
}
