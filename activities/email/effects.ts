/** The mailbox's effect handlers, as the one function that makes effects happen calls them. */
import type { EffectHandler } from '../effects/handler.ts';
import { asHandler } from '../calendar/effects.ts';
import { createCreateDraftHandler } from './create-draft.ts';
import type { MailDeps } from './prepare-mail.ts';
import { createSendEmailHandler } from './send-email.ts';

/** Builds the handlers of createDraft and sendEmail. */
export function createEmailHandlers(deps: MailDeps): EffectHandler[] {
  return [asHandler(createCreateDraftHandler(deps)), asHandler(createSendEmailHandler(deps))];
}
