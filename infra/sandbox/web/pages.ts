/**
 * The sandbox's little web: pages kept as files, and a few that misbehave as real sites do. All of
 * it is invented. It holds no state and makes no calls.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** A page as the index knows it. */
export type WebPage = {
  readonly slug: string;
  readonly title: string;
  /** Words for the index and for excerpts; no markup. */
  readonly text: string;
  readonly contentType: string;
  readonly body: Buffer;
};

/** What a page that misbehaves answers. */
export type Trap =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'redirect'; readonly to: string }
  | { readonly kind: 'body'; readonly contentType: string; readonly body: Buffer };

const folder = new URL('./pages/', import.meta.url);

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.json': 'application/json',
};

/** Reads every page from its file, in the order of their names. */
export function loadPages(): WebPage[] {
  const names = readdirSync(folder).sort();
  return names.flatMap((name): WebPage[] => {
    const extension = extname(name);
    const contentType = contentTypes[extension];
    if (contentType === undefined) return [];
    const body = readFileSync(new URL(name, folder));
    const slug = name.slice(0, -extension.length);
    return [{ slug, contentType, body, ...wordsOf(body.toString('utf8'), extension, slug) }];
  });
}

/** Pages that are found by a search like any other, and cannot be read. */
export const traps: readonly {
  readonly slug: string;
  readonly title: string;
  readonly text: string;
  readonly answer: Trap;
}[] = [
  {
    slug: 'acme-archive-2019',
    title: 'Acme Cells archive 2019',
    text: 'Archive of press releases by Acme Cells from 2019 about the company and its cells.',
    answer: { kind: 'status', status: 404 },
  },
  {
    slug: 'acme-about',
    title: 'About Acme Cells',
    text: 'About Acme Cells: the battery company from Graz.',
    answer: { kind: 'redirect', to: '/pages/acme-overview' },
  },
  {
    slug: 'partner-portal',
    title: 'Acme partner portal',
    text: 'Portal for partners of Acme Cells, internal documents.',
    answer: { kind: 'redirect', to: 'http://169.254.169.254/latest/meta-data/' },
  },
  {
    slug: 'acme-brochure',
    title: 'Acme Cells product brochure (PDF)',
    text: 'Product brochure of Acme Cells with data sheets of its battery packs.',
    answer: { kind: 'body', contentType: 'application/pdf', body: Buffer.from('%PDF-1.7\n') },
  },
  {
    slug: 'battery-archive',
    title: 'The complete battery news archive',
    text: 'Every article on batteries since 1998 on one very large page.',
    answer: { kind: 'body', contentType: 'text/html', body: largePage() },
  },
];

function wordsOf(source: string, extension: string, slug: string) {
  if (extension !== '.html') {
    return { title: source.split('\n')[0]?.replace(/^\{$/, slug) ?? slug, text: flat(source) };
  }
  const title = /<title>([^<]*)<\/title>/.exec(source)?.[1]?.trim() ?? slug;
  const content = source
    .replace(/<(script|style|nav|header|footer|aside|title)\b[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]+>/g, ' ');
  return { title, text: flat(content) };
}

function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Three mebibytes: more than the product's limit for a page. */
function largePage(): Buffer {
  const row = '<p>Battery news of a day long gone, kept for those who look for it.</p>\n';
  return Buffer.from(`<title>Archive</title>${row.repeat(Math.ceil((3 << 20) / row.length))}`);
}
