/** Upload sessions of the sandbox's Outlook: in order, by address alone, and only for large files. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '#infra/sandbox/server.ts';
import { connectGraph, type GraphClients, graphRefusal } from './graph-clients.ts';

const size = 3 * 1024 * 1024;
let sandbox: Sandbox;
let carla: GraphClients;
let draft: string;
beforeAll(async () => {
  sandbox = await startSandbox();
  carla = await connectGraph(sandbox, 'carla.rossi@office.example.com');
  draft = `/me/messages/${(await carla.api('/me/messages').post({ subject: 'Files' })).id}`;
});
afterAll(async () => sandbox[Symbol.asyncDispose]());

const begin = async (bytes = size) =>
  carla.api(`${draft}/attachments/createUploadSession`).post({
    AttachmentItem: { attachmentType: 'file', name: 'large.bin', size: bytes },
  });
async function put(uploadUrl: string, from: number, part: Buffer, headers: object = {}) {
  const answer = await fetch(uploadUrl.replace('https:', 'http:'), {
    method: 'PUT',
    headers: { 'content-range': `bytes ${from}-${from + part.length - 1}/${size}`, ...headers },
    body: part,
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

it('takes the parts in order, and the file shows when it is whole', async () => {
  const { uploadUrl, nextExpectedRanges } = await begin();
  expect(nextExpectedRanges).toEqual(['0-']);
  const half = Buffer.alloc(size / 2, 'a');
  const names = async () =>
    (await carla.api(`${draft}/attachments`).get()).value.map(({ name }: { name: string }) => name);
  expect(await put(uploadUrl, size / 2, half)).toMatchObject({ status: 400 });
  expect(await put(uploadUrl, 0, half)).toMatchObject({
    status: 200,
    body: { nextExpectedRanges: [`${size / 2}-`] },
  });
  expect(await put(uploadUrl, 0, half)).toMatchObject({ status: 400 });
  expect(await names()).toEqual([]);
  expect(await put(uploadUrl, size / 2, half)).toEqual({ status: 201, body: null });
  expect(await names()).toEqual(['large.bin']);
  expect(await put(uploadUrl, size / 2, half)).toMatchObject({ status: 404 });
});

it('refuses a token, a part of 4 MB, a range that is none and a small file', async () => {
  const { uploadUrl } = await begin();
  const authorization = 'Bearer x';
  const part = Buffer.alloc(10);
  expect(await put(uploadUrl, 0, part, { authorization })).toMatchObject({ status: 401 });
  expect(await put(uploadUrl, 0, Buffer.alloc(4 * 1024 * 1024))).toMatchObject({ status: 413 });
  expect(await put(uploadUrl, 0, part, { 'content-range': 'all' })).toMatchObject({ status: 400 });
  expect(await graphRefusal(begin(size - 1))).toEqual({
    status: 400,
    code: 'ErrorAttachmentSizeShouldNotBeLessThanMinimumSize',
  });
});
