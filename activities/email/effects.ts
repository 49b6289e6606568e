/** The mailbox's effect handlers, as the one function that makes effects happen calls them. */
import type { EffectHandler } from '../effects/handler.ts';
import { asHandler } from '../calendar/effects.ts';
import { createCreateDraftHandler } from './create-draft.ts';
import type { WriteDeps } from './dependencies.ts';
import { createChangeMailHandlers } from './change-mail.ts';
import { createSendEmailHandler } from './send-email.ts';

/** Builds the handlers of every tool that writes, sends or changes mail. */
export function createEmailHandlers(deps: WriteDeps): EffectHandler[] {
  return [
    asHandler(createCreateDraftHandler(deps)),
    asHandler(createSendEmailHandler(deps)),
    ...createChangeMailHandlers(deps),
  ];
}
