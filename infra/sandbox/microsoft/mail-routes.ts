/** Outlook mail over Graph. */
import type { FastifyInstance } from 'fastify';
import type { Office } from '../office/office.ts';

/** Registers the mail routes under /v1.0. */
export function registerGraphMailRoutes(_scope: FastifyInstance, _office: Office): void {}
