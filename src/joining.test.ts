import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from './project';

const text = (...path: readonly string[]): string => readFileSync(join(projectRoot(), ...path), 'utf8');
const readme = text('README.md');

describe('the container', () => {
  /** `npm start` of `RUN npm start`, `npm run lab` of `CMD ["npm", "run", "lab", "--", ...]`. */
  const commands = text('Dockerfile')
    .split('\n')
    .flatMap((line) => {
      const [, word, rest = ''] = /^(RUN|CMD) (.*)$/.exec(line) ?? [];
      if (word === 'CMD') return [(JSON.parse(rest) as readonly string[]).join(' ').replace(/ --.*$/, '')];
      return word === 'RUN' && rest.startsWith('npm') ? [rest] : [];
    });

  it("runs the README's commands and no others", () => {
    const [, block = ''] = /## Two commands[\s\S]*?```\n([\s\S]*?)```/.exec(readme) ?? [];
    const told = block
      .trim()
      .split('\n')
      .map((line) => line.replace(/\s*#.*$/, ''));
    expect(commands).toEqual(told);
    // Here there is no container: the same script that runs the tests runs its first step, and e2e the lab.
    expect(text('.ci', 'run').split('\n')).toContainEqual(expect.stringMatching(/^PETL_RESULTS=\S+ \S+ npm start /));
  });

  it('has a version of Node that the project is tested on', () => {
    const [, major = ''] = /^FROM .*node:(\d+)/m.exec(text('Dockerfile')) ?? [];
    expect(text('.ci', 'run')).toMatch(new RegExp(`for version in [\\d ]*\\b${major}\\b`));
    const { build } = JSON.parse(text('.devcontainer', 'devcontainer.json')) as { readonly build: object };
    expect(build).toEqual({ dockerfile: '../Dockerfile', context: '..' });
  });
});

describe('what others read before they join', () => {
  it('names the version that the package has', () => {
    const { version } = JSON.parse(text('package.json')) as { readonly version: string };
    expect(text('CITATION.cff')).toContain(`\nversion: ${version}\n`);
    expect(text('CHANGELOG.md')).toContain(`\n## ${version}\n`);
  });

  it('draws the rooms as the lint rule has them', () => {
    const { forbidden } = createRequire(__filename)('../.dependency-cruiser.cjs') as {
      readonly forbidden: readonly { readonly name: string }[];
    };
    const [, line = ''] = /`(views, commands -> [^`]*)`/.exec(text('CONTRIBUTING.md')) ?? [];
    const below = line.split(' -> ').slice(1);
    const held = forbidden.flatMap(({ name }) => /^(\w+)-imports-down$/.exec(name)?.[1] ?? []);
    expect(below).toEqual(held.filter((room) => room !== 'plots'));
  });

  it('is checked elsewhere by the same script', () => {
    expect(text('.github', 'workflows', 'ci.yml')).toContain('- run: bash .ci/run\n');
  });
});
