/** What the workflow bundle holds: nothing that parses, does I/O, or makes faults. */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { workflowBundle } from '#workers/bundle.ts';

/** Measured 1.47 MB without the source map, 0.78 MB of it without telemetry (2026-11, SDK 1.24.0). */
const maxBytes = 1_700_000;

let code = '';
beforeAll(async () => {
  const bundle = await workflowBundle(join(tmpdir(), 'adjutant-test-bundles'));
  const text = 'codePath' in bundle ? readFileSync(bundle.codePath, 'utf8') : bundle.code;
  code = text.replace(/\n\/\/# sourceMappingURL=.*\s*$/s, '');
}, 60_000);

const modules = () => [...code.matchAll(/^\/\*\*\*\/ "([^"]+)":?/gm)].map(([, name]) => name ?? '');

it('has a bounded size', () => {
  console.log(
    `workflow bundle: ${Math.round(code.length / 1024)} KiB, ${modules().length} modules`,
  );
  expect(code.length).toBeLessThan(maxBytes);
  expect(modules().length).toBeGreaterThan(20);
});

it('holds no zod, no schema module and nothing of the other folders', () => {
  const wrong = modules().filter((name) =>
    /node_modules\/zod\/|contracts\/schemas\/|^\.\/(activities|api|infra|test)\//.test(name),
  );
  expect(wrong).toEqual([]);
});

it('requires no module of Node', () => {
  expect(modules().filter((name) => name.startsWith('node:'))).toEqual([]);
  expect(code).not.toMatch(/require\("node:/);
});

it('holds no hook that makes faults', () => {
  expect(code).not.toMatch(/__faults|__oracle|faultPoint|injectFault/);
});
