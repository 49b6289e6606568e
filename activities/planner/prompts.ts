/** Prompts are files with a version; the version and the text's digest go into the journal. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Instructions with the version that names them, like `plan.v1 (3f2a9c01)`. */
export type Prompt = { readonly text: string; readonly version: string };

/** Loads a prompt file once, when its module loads. The file's name without `.md` is its version. */
export function loadPrompt(file: URL): Prompt {
  const text = readFileSync(file, 'utf8');
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8);
  const name = file.pathname.split('/').at(-1)?.replace(/\.md$/, '') ?? '';
  return { text, version: `${name} (${digest})` };
}
