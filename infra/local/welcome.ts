/** What a person reads when the stack is ready, and the goal that gives them something to look at. */
import { z } from 'zod';
import type { Endpoints } from './stack.ts';

/** The goal submitted on the very first start. */
export const sampleGoal = 'Find 30 minutes with Bob and Carla next week and invite them';

const acceptedSchema = z.object({ id: z.string() });
const submitTimeoutMs = 10_000;

/** The lines printed when everything is ready. */
export function welcome(endpoints: Endpoints, token: string, seconds: string): readonly string[] {
  const { api, docs, temporalUi, temporalAddress, sandbox } = endpoints;
  const goals = `${api}/v1/goals`;
  const authorization = `-H 'Authorization: Bearer ${token}'`;
  const json = "-H 'Content-Type: application/json'";
  return [
    `ready in ${seconds} s`,
    `  api          ${docs}`,
    `  Temporal     ${temporalUi ?? temporalAddress}`,
    sandbox === null ? '  sandbox      not used' : `  sandbox      ${sandbox} (a made-up office)`,
    `  token        ${token}`,
    'try:',
    `  curl -s ${goals} ${authorization} ${json} -d '{"goal":"What is on my calendar today?"}'`,
    `  curl -s '${api}/v1/approvals?state=pending' ${authorization}`,
    `  curl -s ${goals} ${authorization}`,
    'Ctrl-C stops everything',
  ];
}

/** Submits the sample goal; the same key makes a repeated call harmless. Resolves to its id. */
export async function submitSampleGoal(api: string, token: string): Promise<string> {
  const response = await fetch(`${api}/v1/goals`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': 'adjutant-sample-goal',
    },
    body: JSON.stringify({ goal: sampleGoal }),
    signal: AbortSignal.timeout(submitTimeoutMs),
  });
  if (!response.ok) throw new Error(`the api answered ${response.status}`);
  return acceptedSchema.parse(await response.json()).id;
}
