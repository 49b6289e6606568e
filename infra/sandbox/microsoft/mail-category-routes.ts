/**
 * The mailbox's list of categories. Messages may carry others: Outlook keeps a category as a name
 * on the message, and the list only says which ones people choose from.
 */
import type { FastifyInstance } from 'fastify';
import { bodyField, bodyObject } from '../bodies.ts';
import type { Office } from '../office/office.ts';
import type { MailboxLabel } from '../office/state.ts';
import { badRequest, GraphError, itemNotFound } from './errors.ts';
import { mailScope } from './mail-items.ts';

/** Registers the routes under /outlook/masterCategories. */
export function registerCategoryRoutes(me: FastifyInstance, office: Office): void {
  me.get('/outlook/masterCategories', (request, reply) => {
    const { mailbox } = mailScope(office, request, reply, 'settings');
    return { value: mailbox.labels.filter(({ type }) => type === 'user').map(show) };
  });
  me.post('/outlook/masterCategories', (request, reply) => {
    const { mailbox, owner } = mailScope(office, request, reply, 'changeSettings');
    const name = bodyField(request, 'displayName')?.trim() ?? '';
    if (name === '') throw badRequest('displayName is required.');
    const color = bodyField(request, 'color') ?? 'none';
    if (!/^(?:none|preset(?:1?\d|2[0-4]))$/.test(color)) throw badRequest(`No color '${color}'.`);
    if (mailbox.labels.some((label) => label.type === 'user' && same(label.name, name))) {
      throw new GraphError(409, 'ErrorIrresolvableConflict', 'The category exists already.');
    }
    const id = `Label_${office.nextId('category', 8)}`;
    const label: MailboxLabel = { id, name, type: 'user', color };
    mailbox.labels.push(label);
    const raw = JSON.stringify(bodyObject(request));
    const { vendor, email: account } = owner;
    office.recordEffect({ vendor, operation: 'labels.create', account, key: name, raw });
    void reply.code(201);
    return show(label);
  });
  me.delete('/outlook/masterCategories/:id', (request, reply) => {
    const { mailbox } = mailScope(office, request, reply, 'changeSettings');
    const { id } = request.params as { id: string };
    const index = mailbox.labels.findIndex((label) => label.type === 'user' && label.id === id);
    if (index === -1) throw itemNotFound();
    mailbox.labels.splice(index, 1);
    return reply.code(204).send();
  });
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

function show({ id, name, color = 'none' }: MailboxLabel): object {
  return { id, displayName: name, color };
}
