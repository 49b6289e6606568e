/**
 * Microsoft Graph v1.0 over HTTP: the subset the product uses, under the paths and with the answers
 * the stock client expects. Every route is about the mailbox of the person who asks.
 */
import type { FastifyInstance } from 'fastify';
import type { Office } from '../office/office.ts';
import { requireMailbox } from './accounts.ts';
import { registerBatch } from './batch.ts';
import { registerCalendarRoutes } from './calendar-routes.ts';
import { registerCalendarDelta } from './delta.ts';
import { registerGraphErrors } from './errors.ts';
import { registerEventRoutes } from './event-routes.ts';
import { registerGraphMailRoutes } from './mail-routes.ts';
import { registerUploadAddress } from './mail-uploads.ts';
import { endGrants } from './oauth.ts';
import { selected } from './odata.ts';
import { parameter } from './paging.ts';

/** Registers the routes under /v1.0, and the one that files are uploaded to. */
export function registerGraphRoutes(app: FastifyInstance, office: Office): void {
  void app.register(
    async (scope) => {
      registerGraphErrors(scope, office.now);
      registerMe(scope, office);
      registerCalendarRoutes(scope, office);
      registerEventRoutes(scope, office);
      registerCalendarDelta(scope, office);
      registerBatch(scope, app, office);
      registerGraphMailRoutes(scope, office);
    },
    { prefix: '/v1.0' },
  );
  registerUploadAddress(app, office);
}

function registerMe(scope: FastifyInstance, office: Office): void {
  scope.get('/me', (request) => {
    const { email, name } = requireMailbox(office, request, 'User.Read');
    const whole = {
      id: email,
      displayName: name,
      mail: email,
      userPrincipalName: email,
    };
    return selected(whole, parameter(request, '$select'), []);
  });
  scope.post('/me/revokeSignInSessions', (request) => {
    endGrants(office, requireMailbox(office, request));
    return { value: true };
  });
}
