/** The frame of the sandbox's Microsoft Graph through the real client: sign-in, errors, identity. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';

const carlaEmail = 'carla.rossi@office.example.com';

let sandbox: Sandbox;
let carla: GraphClients;

beforeAll(async () => {
  sandbox = await startSandbox();
  carla = await connectGraph(sandbox, carlaEmail);
});
afterAll(async () => sandbox[Symbol.asyncDispose]());
afterEach(() => {
  expect(carla.violations).toEqual([]);
});

it('says who the token belongs to', async () => {
  const me = await carla.api('/me').select('mail,userPrincipalName,displayName').get();
  expect(me).toEqual({
    mail: carlaEmail,
    userPrincipalName: carlaEmail,
    displayName: 'Carla Rossi',
  });
});

it('answers a path it does not have as a refusal with request ids', async () => {
  expect(await graphRefusal(carla.api('/me/todo').get())).toEqual({
    status: 400,
    code: 'BadRequest',
  });
  expect(carla.latest().get('request-id')).toMatch(/^[0-9a-f-]{36}$/);
  carla.violations.length = 0;
});
