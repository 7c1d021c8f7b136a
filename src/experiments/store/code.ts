import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHashed, writeHashed } from '../../hashed';
import { projectRoot } from '../../project';

/** From here a run's numbers are made: all that these import is hashed with them. */
const entries = ['training/train', 'training/session', 'petl/design/written', 'tasks/registry'];

let known: string | undefined;

/**
 * The first 12 hexadecimal digits of SHA-256 over the code that can move a run's numbers: training with all that it
 * imports, comments and layout left out, the kernels, and the pinned engine. Asked once in a process; processes of one
 * build share the answer, as they share the code.
 */
export function codeFingerprint(): string {
  return (known ??= kept() ?? keep(fingerprintAt(projectRoot())));
}

const keptPath = (): string | undefined => {
  const build = process.env['PETL_BUILD'];
  return build === undefined ? undefined : join(build, 'code.txt');
};

function kept(): string | undefined {
  const path = keptPath();
  return path === undefined ? undefined : readHashed(path);
}

function keep(code: string): string {
  const path = keptPath();
  try {
    if (path !== undefined) writeHashed(path, code);
  } catch {
    /* in a checkout of another user it is computed each time */
  }
  return code;
}

/** The same for the project in a folder. */
export function fingerprintAt(root: string): string {
  const hash = createHash('sha256').update(bundled(root));
  const native = join(root, 'src', 'engine', 'native');
  const files = [
    ...readdirSync(native)
      .sort()
      .map((name) => join(native, name)),
    join(root, 'scripts', 'setup', 'engine-wheel.txt'),
  ];
  for (const file of files) if (existsSync(file)) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 12);
}

function bundled(root: string): string {
  const { buildSync } = require('esbuild') as typeof import('esbuild');
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    stdin: { contents: entries.map((entry) => `export * from './src/${entry}';`).join('\n'), resolveDir: root },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
    supported: { 'dynamic-import': false },
  });
  return outputFiles.map(({ text }) => text).join('');
}
