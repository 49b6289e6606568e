/** The bundle's entry: exports each workflow type, and nothing else. */
export { accountWorkflow } from './account/workflow.ts';
export { goalWorkflow } from './goal/workflow.ts';
export { researchWorkflow } from './research/workflow.ts';
export { webhookWorkflow } from './webhook/workflow.ts';
