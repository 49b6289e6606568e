/**
 * Outlook serves only some requests of one mailbox at a time and refuses the others. Off until a
 * test sets the knob. It stands before the faults, so that a delayed request counts as under way.
 */
import type { FastifyInstance } from 'fastify';
import type { Office } from '../office/office.ts';
import { GraphError } from './errors.ts';

/** Counts the requests in flight of each mailbox and refuses those beyond the knob's number. */
export function registerMailboxConcurrency(app: FastifyInstance, office: Office): void {
  const inFlight = new Map<string, number>();
  app.addHook('onRequest', async (request, reply) => {
    // A batch is no request of the mailbox; its parts are.
    if (!request.url.startsWith('/v1.0/') || request.url === '/v1.0/$batch') return;
    const email = office.bearer(request.headers.authorization)?.email;
    if (email === undefined) return;
    const current = inFlight.get(email) ?? 0;
    const { mailboxConcurrency: limit } = office.knobs;
    if (limit !== null && current >= limit) {
      const message = 'Application is over its MailboxConcurrency limit.';
      throw new GraphError(429, 'ApplicationThrottled', message, {
        headers: { 'retry-after': '1' },
      });
    }
    inFlight.set(email, current + 1);
    // Also comes when the connection is cut without an answer.
    reply.raw.once('close', () => inFlight.set(email, (inFlight.get(email) ?? 1) - 1));
  });
}
