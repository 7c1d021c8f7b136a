import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from './project';

const page = readFileSync(join(projectRoot(), 'README.md'), 'utf8');

describe('README.md', () => {
  it('shows the numbers of the result files', () => {
    const { status, stderr } = spawnSync(process.execPath, [join(projectRoot(), 'scripts', 'readme.mjs'), '--check'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('points to files that are there', () => {
    const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((path) => !existsSync(join(projectRoot(), path)))).toEqual([]);
  });
});
