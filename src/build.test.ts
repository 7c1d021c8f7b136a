import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from './project';

const { build } = require(join(projectRoot(), 'bin', 'petl.cjs')) as { readonly build: () => string };

it('a build can be read by whom the umask allows: others may use the checkout', () => {
  const mask = process.umask();
  expect(statSync(build()).mode & 0o777).toBe(0o777 & ~mask);
});
