/** Who may import whom: one table, read from the import statements as they are. */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importsOf, projectFiles, read } from './sources.ts';

type Rule = {
  /** Project folders, besides its own. */
  readonly folders: readonly string[];
  readonly packages: readonly RegExp[];
};

const node = /^node:/;
const zod = /^zod$/;
const pg = /^pg$/;

const rules: Record<string, Rule> = {
  contracts: { folders: [], packages: [zod, /^@temporalio\/workflow$/] },
  workflows: {
    folders: ['contracts'],
    packages: [
      /^@temporalio\/(workflow|common)$/,
      /^@noble\/hashes\//,
      /^@temporalio\/interceptors-opentelemetry\//, // tracing.ts; never evaluated without a trace.
    ],
  },
  activities: {
    folders: ['contracts'],
    packages: [
      node,
      pg,
      zod, // Replies of vendors and models are parsed where they enter.
      /^@temporalio\/(activity|common)$/, // Heartbeats, cancellation, failures.
      /^@opentelemetry\/api$/,
      /^cockatiel$/, // Breakers and bulkheads.
      /^(googleapis\/build\/src\/apis\/\w+\/index\.js|openai(\/.+)?)$/,
      /^(@microsoft\/microsoft-graph-(client|types)|openid-client)$/, // Graph, and signing in there.
      /^windows-iana$/, // Microsoft's names of time zones.
      /^(chrono-node|luxon)$/, // Times as people write them.
      /^(html-to-text|postal-mime|nodemailer\/lib\/mail-composer|ical\.js|email-reply-parser)$/, // Mail and pages.
      /^(unpdf|mammoth|read-excel-file\/node)$/, // Files that came with a mail.
      /^ipaddr\.js$/, // Addresses that pages must not be read from.
      /^standardwebhooks$/, // Signs what leaves as a webhook.
    ],
  },
  infra: { folders: ['contracts'], packages: [/^(?!googleapis|openai|@microsoft\/)/] },
  workers: {
    folders: ['activities', 'infra', 'contracts'],
    packages: [
      node,
      pg, // Types of the pool that infra makes.
      /^@temporalio\/(worker|activity|client|common|interceptors-opentelemetry)$/,
      /^@opentelemetry\/api$/,
    ],
  },
  api: {
    folders: ['infra', 'contracts'],
    packages: [
      node,
      pg, // Types of the pool that infra makes, and the read models' queries.
      zod, // HTTP bodies are parsed here.
      /^(fastify|@fastify\/.+)$/,
      /^@temporalio\/(client|common)$/,
      /^@opentelemetry\/api$/,
      /^(commander|prom-client)$/,
      /^prettier$/, // api/openapi.ts writes the document as the formatter wants it.
      /^tsx\/esm\/api$/, // api/cli/bin.mjs runs TypeScript as it is.
    ],
  },
};

const files = projectFiles().filter((file) => /\.(ts|mjs)$/.test(file));
const all = files.flatMap((file) =>
  importsOf(read(file)).map((imported) => ({
    file,
    folder: file.split('/')[0] ?? '',
    ...imported,
  })),
);

/** The project folder an import leads to, or undefined for a package. */
function targetFolder(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1).split('/')[0];
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(posix.dirname(file), specifier).split('/')[0];
}

describe.each(Object.entries(rules))('%s', (folder, rule) => {
  const mine = all.filter((imported) => imported.folder === folder);

  it('imports only the folders it may', () => {
    const allowed = [folder, ...rule.folders];
    const wrong = mine.filter(({ file, specifier }) => {
      const target = targetFolder(file, specifier);
      return target !== undefined && !allowed.includes(target) && target !== 'package.json';
    });
    expect(wrong).toEqual([]);
    expect(mine.length).toBeGreaterThan(0);
  });

  it('imports only the packages it may', () => {
    const wrong = mine.filter(
      ({ file, specifier }) =>
        targetFolder(file, specifier) === undefined &&
        !rule.packages.some((pattern) => pattern.test(specifier)),
    );
    expect(wrong).toEqual([]);
  });
});

describe('everywhere', () => {
  it('another folder is named by #folder, not by a path upwards', () => {
    const product = all.filter(({ folder }) => folder in rules);
    const wrong = product.filter(
      ({ file, folder, specifier }) =>
        specifier.startsWith('.') && targetFolder(file, specifier) !== folder,
    );
    expect(wrong.filter(({ specifier }) => !specifier.endsWith('package.json'))).toEqual([]);
  });

  it('googleapis is imported by deep path: its root costs 700 ms', () => {
    expect(all.filter(({ specifier }) => specifier === 'googleapis')).toEqual([]);
  });

  it('zod stays in contracts/schemas, and workflows take only types from there', () => {
    const zodOutside = all.filter(
      ({ file, specifier }) => specifier === 'zod' && /^contracts\/[^/]+$/.test(file),
    );
    const values = all.filter(
      ({ folder, specifier, typeOnly }) =>
        folder === 'workflows' && specifier.startsWith('#contracts/schemas/') && !typeOnly,
    );
    expect([...zodOutside, ...values]).toEqual([]);
  });

  it('only messages.ts takes a value from the workflow library in contracts', () => {
    const wrong = all.filter(
      ({ file, folder, specifier, typeOnly }) =>
        folder === 'contracts' &&
        specifier.startsWith('@temporalio/') &&
        !typeOnly &&
        file !== 'contracts/messages.ts',
    );
    expect(wrong).toEqual([]);
  });
});

it('imports of every form are seen', () => {
  const text = `import 'a';\nimport type { B } from 'b';\nimport {\n  c,\n} from 'c';\nexport * from 'd';\nawait import('e');\n`;
  expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(importsOf(text)[1]).toEqual({ specifier: 'b', typeOnly: true });
});
