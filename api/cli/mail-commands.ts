/** Commands on how a person's mail looks and sounds, and files to attach. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ToneProfile } from '#contracts/schemas/tone.ts';
import { type CommandContext, startCommand } from './commands.ts';
import { CliError } from './find-api.ts';
import { escapeText } from './render.ts';

type Kept = { readonly documentId: string; readonly name: string; readonly bytes: number };

/** Types of common files; recipients' programs go by the name anyway. */
const types: Readonly<Record<string, string>> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  ics: 'text/calendar',
  zip: 'application/zip',
};

/** Keeps files and says which documents they are, in words for a goal's context. */
export async function attachFiles(
  { api, print }: CommandContext,
  paths: readonly string[],
): Promise<string> {
  const lines: string[] = [];
  for (const path of paths) {
    const content = await readFile(path).catch(() => {
      throw new CliError(`Cannot read the file ${path}.`);
    });
    const name = basename(path);
    const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
    const mimeType = types[ending] ?? 'application/octet-stream';
    const body = { name, mimeType, contentBase64: content.toString('base64') };
    const kept = await api.call<Kept>('POST', '/v1/documents', { body });
    print(`Kept ${escapeText(kept.name)} (${kept.bytes} bytes) as ${kept.documentId}`);
    lines.push(`Attached document "${kept.name}" has documentId ${kept.documentId}.`);
  }
  return lines.join('\n');
}

/** `tone`: shows the profile. */
export async function toneCommand({ api, print }: CommandContext): Promise<number> {
  const { profile, source } = await api.call<{ profile: ToneProfile; source: string }>(
    'GET',
    '/v1/tone',
  );
  print(`How you write (${source}):`);
  for (const [name, value] of Object.entries(profile)) {
    print(`  ${name}: ${escapeText(Array.isArray(value) ? value.join(', ') : value)}`);
  }
  return 0;
}

/** `tone learn`: a goal that reads a sample of sent mail. */
export function learnToneCommand(context: CommandContext): Promise<number> {
  return startCommand(context, 'Learn my tone', { wait: true });
}

/** `tone forget`: deletes the profile. */
export async function forgetToneCommand({ api, print }: CommandContext): Promise<number> {
  await api.call('DELETE', '/v1/tone', { once: true });
  print('Forgotten.');
  return 0;
}

/** `signature`: shows or sets what stands below mail from an address. */
export async function signatureCommand(
  { api, print }: CommandContext,
  email: string,
  text: string | undefined,
): Promise<number> {
  const path = `/v1/accounts/${encodeURIComponent(email)}/signature`;
  const options = text === undefined ? {} : { body: { signature: text.replaceAll('\\n', '\n') } };
  const method = text === undefined ? 'GET' : 'PUT';
  const { signature } = await api.call<{ signature: string | null }>(method, path, options);
  print(signature === null ? "The provider's own is used." : escapeText(signature, true));
  return 0;
}
