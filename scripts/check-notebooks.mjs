// Type-checks src, every notebook's joined code cells and the blocks of README.md, docs/library.md and docs/guides with tslab's own TypeScript and tslab's options, and the
// notebooks strictly besides: what passes here compiles in a notebook.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(fileURLToPath(import.meta.url), '..', '..');
const require = createRequire(import.meta.url);
const ts = createRequire(require.resolve('tslab/package.json'))('@tslab/typescript-for-tslab');

const options = {
  // tslab/dist/converter.js
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  moduleDetection: ts.ModuleDetectionKind.Force, // every notebook is a module, also one without imports
  esModuleInterop: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  experimentalDecorators: true,
  resolveJsonModule: true,
  skipLibCheck: true,
  typeRoots: [join(root, 'node_modules', '@types')],
  types: ['node'],
  noEmit: true,
};

/**
 * The code cells of a notebook as one file at the project root, where the kernel resolves imports, and the line at
 * which each begins.
 */
function joined(notebook) {
  const { cells } = JSON.parse(readFileSync(notebook, 'utf8'));
  const lines = [];
  const starts = [];
  cells.forEach(({ cell_type, source }, index) => {
    if (cell_type !== 'code') return;
    starts.push({ cell: index + 1, line: lines.length });
    lines.push(...[source].flat().join('').split('\n'));
  });
  return { text: lines.join('\n'), starts };
}

const files = (folder, ending) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith(ending) && !name.includes('.ipynb_checkpoints'))
    .map((name) => join(root, folder, name));
const notebooks = new Map(
  files('notebooks', '.ipynb').map((notebook) => [
    join(root, `${relative(join(root, 'notebooks'), notebook).replaceAll('/', '-')}.ts`),
    { notebook, ...joined(notebook) },
  ]),
);
const readme = join(root, 'README.md');
[...readFileSync(readme, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].forEach(([, text], i) =>
  notebooks.set(join(root, `readme-${i + 1}.ts`), { notebook: readme, text, starts: [{ cell: i + 1, line: 0 }] }),
);
/** The cells of a page that follow one another from the first import on. */
function joinedBlocks(page) {
  const text = [...readFileSync(page, 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(([, block]) => block).join('\n');
  return { text, starts: [{ cell: 1, line: 0 }] };
}
const library = join(root, 'docs', 'library.md');
notebooks.set(join(root, 'library.ts'), { notebook: library, ...joinedBlocks(library) });
for (const guide of files('docs/guides', '.md'))
  notebooks.set(join(root, `guide-${relative(join(root, 'docs', 'guides'), guide)}.ts`), {
    notebook: guide,
    ...joinedBlocks(guide),
  });
const sources = files('src', '.ts').filter((file) => !file.endsWith('.test.ts'));

const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = (file) => notebooks.has(file) || fileExists(file);
host.readFile = (file) => notebooks.get(file)?.text ?? readFile(file);
host.getSourceFile = (file, ...rest) =>
  notebooks.has(file)
    ? ts.createSourceFile(file, notebooks.get(file).text, options.target, true)
    : getSourceFile(file, ...rest);

function place({ file, start }) {
  if (file === undefined) return '';
  const { line } = file.getLineAndCharacterOfPosition(start);
  const notebook = notebooks.get(file.fileName);
  if (notebook === undefined) return `${relative(root, file.fileName)}:${line + 1}: `;
  const cell = notebook.starts.findLast((begin) => begin.line <= line);
  return `${relative(root, notebook.notebook)}: cell ${cell.cell}, line ${line - cell.line + 1}: `;
}

const program = ts.createProgram([...sources, ...notebooks.keys()], options, host);
const strict = ts.createProgram([...notebooks.keys()], { ...options, strict: true }, host);
const found = [
  ...ts.getPreEmitDiagnostics(program),
  ...[...notebooks.keys()].flatMap((file) => strict.getSemanticDiagnostics(strict.getSourceFile(file))),
];
const errors = new Set(
  found
    .filter(({ category }) => category === ts.DiagnosticCategory.Error)
    .map((error) => `${place(error)}${ts.flattenDiagnosticMessageText(error.messageText, '\n  ')}`),
);
for (const error of errors) console.log(error);
console.log(
  `TypeScript ${ts.version}: ${sources.length} sources and ${notebooks.size} notebooks and blocks, ${errors.size} errors`,
);
process.exitCode = errors.size > 0 ? 1 : 0;
