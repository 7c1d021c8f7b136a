import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { families } from './petl/design/written';
import { projectRoot } from './project';

interface Layout {
  readonly xaxis?: { readonly title?: { readonly text?: string } };
  readonly yaxis?: { readonly title?: { readonly text?: string } };
}
interface Drawn {
  readonly data: readonly { readonly marker?: { readonly colorbar?: object } }[];
  readonly layout: Layout;
}

/** Every figure of the committed notebooks with its file. */
function figures(): readonly (readonly [string, Drawn])[] {
  const folder = join(projectRoot(), 'notebooks');
  const plotly = 'application/vnd.plotly.v1+json';
  interface Cell {
    readonly outputs?: readonly { readonly data?: Readonly<Record<string, Drawn>> }[];
  }
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb'))
    .flatMap((file) => {
      const { cells } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { readonly cells: readonly Cell[] };
      const outputs = cells.flatMap((cell) => cell.outputs ?? []);
      return outputs.flatMap(({ data }) => (data?.[plotly] === undefined ? [] : [[file, data[plotly]] as const]));
    });
}

const page = readFileSync(join(projectRoot(), 'README.md'), 'utf8');

describe('README.md', () => {
  it('shows the numbers of the result files', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(projectRoot(), 'scripts', 'readme.mjs'), '--check'], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('points to files that are there', () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((path) => !existsSync(join(projectRoot(), path)))).toEqual([]);
  });

  it.each(['README.md', 'docs/library.md'])('every guide is reached from %s', (file) => {
    const text = readFileSync(join(projectRoot(), file), 'utf8');
    const guides = readdirSync(join(projectRoot(), 'docs', 'guides'));
    expect(guides.length).toBeGreaterThan(6);
    expect(guides.filter((guide) => !text.includes(`guides/${guide})`))).toEqual([]);
    expect(text).toContain('npm run docs');
  });
});

describe('docs', () => {
  it('shows the numbers of results/scaling', () => {
    const script = join(projectRoot(), 'scripts', 'scaling.mjs');
    const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  const folder = join(projectRoot(), 'docs');
  const named = readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/[\w/-]+\.test\.ts/g)].map(
        ([path]) => [file, path] as const,
      ),
    );

  it('have the names of every family elsewhere', () => {
    const glossary = readFileSync(join(folder, 'glossary.md'), 'utf8');
    const named = [...glossary.matchAll(/^\| ((?:`[\w-]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
      [...(cell ?? '').matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
    );
    expect([...named].sort()).toEqual(Object.keys(families).sort());
  });

  it('link to files that are there', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
    const links = files.flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(
        ([, path]) => [file, path ?? ''] as const,
      ),
    );
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter(([file, path]) => !existsSync(join(folder, file, '..', path)))).toEqual([]);
  });

  it('name test files that are there', () => {
    expect(named.length).toBeGreaterThan(9);
    const there = (path: string): boolean =>
      [path, join('src', path)].some((place) => existsSync(join(projectRoot(), place)));
    expect(named.filter(([, path]) => !there(path))).toEqual([]);
  });
});

describe('notebooks', () => {
  it('are told in our words, which no quotation marks make another author say', () => {
    const front = readFileSync(join(projectRoot(), 'notebooks', 'README.md'), 'utf8');
    expect(front).toMatch(/^He et al\. 2021, in our words: \w/m);
    expect(front).not.toMatch(/\d{4}: "/);
  });

  it('say of the one that trains how long that took', () => {
    const own = 'your-ablation';
    const read = (...path: readonly string[]): string => readFileSync(join(projectRoot(), ...path), 'utf8');
    const { notebooks } = JSON.parse(read('results', 'lab', 'minutes.json')) as { notebooks: Record<string, number> };
    expect(notebooks[own]).toBeLessThan(60);
    expect(read('notebooks', `${own}.ipynb`)).toContain('It takes some seconds');
    expect(read('notebooks', 'README.md')).toMatch(/your-ablation\.ipynb\) has no such results/);
  });

  it('name both axes of every heat map', () => {
    const maps = figures().filter(([, { data }]) => data.some(({ marker }) => marker?.colorbar !== undefined));
    expect(maps.length).toBeGreaterThan(6);
    const unnamed = ({ xaxis, yaxis }: Layout): boolean => !xaxis?.title?.text || !yaxis?.title?.text;
    expect(maps.filter(([, { layout }]) => unnamed(layout)).map(([file]) => file)).toEqual([]);
  });

  it('keep what was measured before where less is measured now', async () => {
    const { kept, readySeconds } = (await import(join(projectRoot(), 'scripts', 'e2e', 'minutes.mjs'))) as {
      readonly kept: (before: object, now: object) => Readonly<Record<string, unknown>>;
      readonly readySeconds: (said: string) => number | undefined;
    };
    const line = (seconds: string): string => `TypeScript kernel ready in ${seconds} s\n`;
    expect([readySeconds(line('1.5') + line('9.0') + line('2.0')), readySeconds('')]).toEqual([2, undefined]);
    const first = kept({}, { names: ['a', 'b'], took: { a: 2, b: 3 }, kernel: 2, report: { paint: 310.4, bytes: 9 } });
    const second = kept(first, { names: ['a', 'b'], took: { b: 4 } });
    expect(second).toMatchObject({
      notebooks: { a: 2, b: 4 },
      kernel: { seconds: 2 },
      report: { paint: 310, bytes: 9 },
    });
    expect(Object.keys(kept({}, { names: ['a'], took: {} }))).toEqual(['what', 'machine', 'notebooks']);
  });

  it('are small enough to open at once: no file over 500 kB', () => {
    const folder = join(projectRoot(), 'notebooks');
    const sizes = readdirSync(folder).map((file) => [file, statSync(join(folder, file)).size] as const);
    expect(sizes.length).toBeGreaterThan(11);
    expect(sizes.filter(([, size]) => size > 500_000)).toEqual([]);
  });
});
