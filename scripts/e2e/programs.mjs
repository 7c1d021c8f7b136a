// Every kind of exported file in the program that it is for, where that is here: fonts of PDF, LaTeX, Parquet.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { root } from './lab.mjs';

const study = 'existing-methods';

function run(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8', ...options });
  return { ok: status === 0, said: `${stdout ?? ''}${stderr ?? ''}`, out: stdout ?? '' };
}

const isHere = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** A table in a document of its own. */
function latexFaults(folder) {
  if (!isHere('pdflatex', ['--version'])) return 'no pdflatex here';
  const tables = readdirSync(folder).filter((name) => name.endsWith('.tex'));
  return tables.flatMap((name) => {
    const packages = '\\usepackage[T1]{fontenc}\\usepackage{booktabs}';
    const text = `\\documentclass{article}${packages}\\begin{document}\\input{${name}}\\end{document}\n`;
    writeFileSync(join(folder, 'whole.tex'), text);
    const { ok, said } = run('pdflatex', ['-halt-on-error', '-interaction=nonstopmode', 'whole.tex'], { cwd: folder });
    return ok ? [] : [`${name} does not compile: ${/^!.*$/m.exec(said)?.[0] ?? said.slice(-200)}`];
  });
}

/** Every font descriptor of a figure has its font file. */
function pdfFaults(folder) {
  const figures = readdirSync(folder).filter((name) => name.endsWith('.pdf') && name !== 'whole.pdf');
  if (figures.length === 0) return ['no PDF was exported'];
  return figures.flatMap((name) => {
    const text = readFileSync(join(folder, name), 'latin1');
    const [descriptors, files] = [/\/Type \/FontDescriptor/g, /\/FontFile2/g].map(
      (one) => text.match(one)?.length ?? 0,
    );
    return descriptors > 0 && descriptors === files ? [] : [`${name}: ${files} of ${descriptors} fonts are embedded`];
  });
}

/** As many rows as there are runs. */
function parquetFaults(folder) {
  const file = join(folder, 'runs.parquet');
  const wanted = ['bin/petl.cjs', 'runs', '--where', `study=${study}`];
  const { status, stdout, stderr } = spawnSync('node', [...wanted, '--parquet'], { cwd: root, maxBuffer: 2 ** 28 });
  if (status !== 0) return [`petl runs --parquet: ${stderr}`];
  writeFileSync(file, stdout);
  if (!isHere('python3', ['-c', 'import pandas'])) return 'no pandas here';
  const { out } = run('python3', ['-c', `import pandas; print(len(pandas.read_parquet(${JSON.stringify(file)})))`]);
  const listed = JSON.parse(run('node', [...wanted, '--json'], { maxBuffer: 2 ** 28 }).out);
  const count = Array.isArray(listed) ? listed.length : listed.runs.length;
  return Number(out) === count ? [] : [`pandas reads ${out.trim() || 'nothing'} of ${count} runs`];
}

export function programFaults() {
  const folder = mkdtempSync(join(os.tmpdir(), 'petl-programs-'));
  try {
    const made = run('node', [
      'bin/petl.cjs',
      'export',
      study,
      '--tier',
      'full',
      '--out',
      folder,
      '--formats',
      'pdf,tex',
    ]);
    if (!made.ok) return { faults: [made.said] };
    const found = { latex: latexFaults(folder), pdf: pdfFaults(folder), parquet: parquetFaults(folder) };
    const seen = Object.entries(found).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : value.length === 0 ? 'opened' : 'faults',
    ]);
    return { faults: Object.values(found).filter(Array.isArray).flat(), ...Object.fromEntries(seen) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
