/** The research connector: read tools for plans, and the steps of researchWorkflow. Reads only. */
import type { ReadActivities } from '#contracts/activities.ts';
import type { ResearchActivities } from '#contracts/child-activities.ts';
import type { ResearchDeps } from './dependencies.ts';
import { createResearchLanguageActivities } from './language.ts';
import { createPageActivities } from './read-page.ts';
import { createSearchActivities } from './search-web.ts';

export type { ResearchDeps } from './dependencies.ts';

/** Builds every activity of research. `fetch` must be guarded (activities/egress.ts). */
export function createResearchActivities(
  deps: ResearchDeps,
): ResearchActivities & Pick<ReadActivities, 'searchWeb' | 'readPage'> {
  return {
    ...createSearchActivities(deps),
    ...createPageActivities(deps),
    ...createResearchLanguageActivities(deps),
  };
}
