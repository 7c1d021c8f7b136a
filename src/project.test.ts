import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transpile, ModuleKind } from 'typescript';
import { afterAll, describe, expect, it } from 'vitest';
import { isDependency, npmFolder, projectRoot } from './project';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'petl-project-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the project', () => {
  it('finds its packages in its own folder', () => {
    expect(isDependency()).toBe(false);
    expect(npmFolder('valibot')).toBe(join(projectRoot(), 'node_modules', 'valibot'));
  });

  it('finds them beside itself where another project has installed it, but for those that npm nested', () => {
    const home = join(folder, 'node_modules', 'petl-lab');
    for (const made of [join(home, 'src'), join(home, 'data'), join(folder, 'node_modules', 'beside')])
      mkdirSync(made, { recursive: true });
    writeFileSync(join(home, 'data', 'packages.json'), '[]');
    mkdirSync(join(home, 'bin'));
    copyFileSync(join(projectRoot(), 'bin', 'installed.cjs'), join(home, 'bin', 'installed.cjs'));
    const source = readFileSync(join(projectRoot(), 'src', 'project.ts'), 'utf8');
    writeFileSync(join(home, 'src', 'project.cjs'), transpile(source, { module: ModuleKind.CommonJS }));
    const there = createRequire(__filename)(join(home, 'src', 'project.cjs')) as typeof import('./project');
    expect(there.projectRoot()).toBe(home);
    expect(there.isDependency()).toBe(true);
    expect(there.npmFolder('beside')).toBe(join(folder, 'node_modules', 'beside'));
    expect(there.npmFolder('nested')).toBe(join(home, 'node_modules', 'nested'));
  });
});
