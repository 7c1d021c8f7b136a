// What a package has beside the sources: types, and the names that an ES module may import.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
execFileSync(process.execPath, [compiler, '--project', join(root, 'tsconfig.types.json')], { stdio: 'inherit' });
const names = Object.keys(createRequire(import.meta.url)('../bin/index.cjs')).sort();
const text = `import library from '../../bin/index.cjs';\n\nexport const {\n${names.map((name) => `  ${name},\n`).join('')}} = library;\n`;
writeFileSync(join(root, '.cache', 'types', 'index.mjs'), text);
