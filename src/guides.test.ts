import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { projectRoot } from './project';

const { build } = require(join(projectRoot(), 'bin', 'petl.cjs')) as { readonly build: () => string };
const folder = join(projectRoot(), 'docs', 'guides');

/** The code of a page, and what it says that it prints. */
function exampleOf(file: string): { readonly code: string; readonly prints: string } | undefined {
  const text = readFileSync(join(folder, file), 'utf8');
  const [, code, prints] = /^```ts\n(.*?)^```\n\n```text\n(.*?)^```/ms.exec(text) ?? [];
  return code === undefined || prints === undefined ? undefined : { code, prints };
}

/** What a page's cell prints that runs by itself, as a notebook would run it, with the built library. */
function printed(code: string, place: string): string {
  const compilerOptions = { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022, esModuleInterop: true };
  const { outputText } = transpileModule(code, { compilerOptions });
  const file = join(place, 'cell.cjs');
  const load = `(name) => require(name.replace(/^\\.\\/src/, ${JSON.stringify(build())}))`;
  writeFileSync(file, `(async (require) => {${outputText}})(${load});`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    cwd: projectRoot(),
    // a worker that is started by a test does nothing by itself
    env: { ...process.env, VITEST: undefined, PETL_RESULTS: join(place, 'results'), NO_COLOR: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('guides', { timeout: 120_000 }, () => {
  const place = mkdtempSync(join(tmpdir(), 'petl-guides-'));
  afterAll(() => rmSync(place, { recursive: true }));
  const pages = readdirSync(folder).filter((file) => file.endsWith('.md'));

  it('each but the list of symptoms has an example', () => {
    expect(pages.filter((page) => exampleOf(page) === undefined)).toEqual(['troubleshooting.md']);
  });

  it.each(pages.filter((page) => exampleOf(page) !== undefined))('%s prints what it says', (page) => {
    const { code, prints } = exampleOf(page) ?? { code: '', prints: '' };
    expect(printed(code, place)).toBe(prints);
  });
});
