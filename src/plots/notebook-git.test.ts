import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { projectRoot } from '../project';

interface Output {
  output_type: string;
  data?: Record<string, unknown>;
  metadata?: object;
  text?: string[];
}
interface Cell {
  cell_type: string;
  execution_count?: number;
  id: string;
  metadata: Record<string, unknown>;
  outputs?: Output[];
  source: string[];
}
interface Notebook {
  cells: Cell[];
  metadata: object;
}

const names = ['00-start-here', '04-existing-methods-and-budgets', '05-insertion-form'];
const plotly = 'application/vnd.plotly.v1+json';

/** What JupyterLab writes when all cells ran: counts, timings, editor state, a picture beside each Plotly figure. */
function saved(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell, i): Cell => {
    if (cell.cell_type !== 'code') return { ...cell, metadata: { ...cell.metadata, editable: true } };
    const metadata = {
      ...cell.metadata,
      collapsed: true,
      execution: { 'iopub.execute_input': '2026-01-01T00:00:00Z' },
    };
    return { ...cell, execution_count: i + 1, metadata, outputs: (cell.outputs ?? []).map(withPicture) };
  });
  return { ...notebook, cells, metadata: { ...notebook.metadata, widgets: {} } };
}

function withPicture(output: Output): Output {
  if (output.data?.[plotly] === undefined) return output;
  return { ...output, data: { 'image/png': 'iVBORw0KGgo=\n', ...output.data } };
}

describe('a saved notebook in git', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'petl-git-'));
  const path = (name: string): string => join(folder, 'notebooks', `${name}.ipynb`);
  const git = (...args: string[]): string => execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' });
  const read = (name: string): Notebook => JSON.parse(readFileSync(path(name), 'utf8')) as Notebook;
  const save = (name: string, notebook: Notebook): void =>
    writeFileSync(path(name), `${JSON.stringify(notebook, null, 1)}\n`);
  const afterSave = (name: string): void => {
    const call = `import saved; saved.saved({'type': 'notebook'}, ${JSON.stringify(path(name))})`;
    const env = {
      ...process.env,
      PYTHONPATH: join(projectRoot(), 'scripts', 'notebook'),
      PYTHONDONTWRITEBYTECODE: '1',
    };
    execFileSync(join(projectRoot(), '.venv', 'bin', 'python'), ['-c', call], { env });
  };
  const codeCell = ({ cells }: Notebook, mode: string): Cell =>
    cells.find(({ metadata }) => (metadata['petl'] as { compare?: string } | undefined)?.compare === mode) as Cell;

  beforeAll(async () => {
    for (const name of ['scripts/notebook', '.gitattributes', ...names.map((name) => `notebooks/${name}.ipynb`)])
      cpSync(join(projectRoot(), name), join(folder, name), { recursive: true });
    const { command, key } = (await import(join(projectRoot(), 'scripts', 'setup', 'filter.mjs'))) as Record<
      string,
      string
    >;
    git('init', '-q');
    git('config', 'user.email', 'someone@example.org');
    git('config', 'user.name', 'Someone');
    git('config', key as string, command as string);
    git('add', '.');
    git('commit', '-q', '-m', 'All');
  });
  beforeEach(() => {
    git('reset', '-q');
    for (const name of names) cpSync(join(projectRoot(), 'notebooks', `${name}.ipynb`), path(name));
    git('add', '.');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is no change where every cell ran and came out as before, or trained here', () => {
    for (const name of names) {
      const notebook = saved(read(name));
      codeCell(notebook, 'none').outputs = [{ output_type: 'stream', text: ['trained here\n'] }];
      save(name, notebook);
      afterSave(name);
    }
    expect(git('status', '--porcelain')).toBe('');
    expect(git('diff')).toBe('');
  });

  it('is a change where a cell was edited or came out differently, and of that cell alone', () => {
    const notebook = saved(read('04-existing-methods-and-budgets'));
    const [exact, none] = [codeCell(notebook, 'exact'), codeCell(notebook, 'none')];
    exact.outputs = [{ output_type: 'stream', text: ['another table\n'] }];
    none.source = ['console.log(1);'];
    none.outputs = [];
    save('04-existing-methods-and-budgets', notebook);
    afterSave('04-existing-methods-and-budgets');
    expect(git('status', '--porcelain').trim()).toBe('M notebooks/04-existing-methods-and-budgets.ipynb');
    git('add', '.');
    const before = JSON.parse(git('show', 'HEAD:notebooks/04-existing-methods-and-budgets.ipynb')) as Notebook;
    const after = JSON.parse(git('show', ':notebooks/04-existing-methods-and-budgets.ipynb')) as Notebook;
    const changed = after.cells.filter((cell, i) => JSON.stringify(cell) !== JSON.stringify(before.cells[i]));
    expect(changed.map(({ id }) => id)).toEqual([exact.id, none.id]);
  });

  it('takes what scripts/notebooks.mjs has written as it is', () => {
    const notebook = read('05-insertion-form');
    codeCell(notebook, 'none').outputs = [{ name: 'stdout', output_type: 'stream', text: ['new words\n'] } as Output];
    save('05-insertion-form', notebook);
    git('add', '.');
    expect(git('show', ':notebooks/05-insertion-form.ipynb')).toBe(readFileSync(path('05-insertion-form'), 'utf8'));
  });

  it('keeps what is no notebook as it is, and works where node is missing', () => {
    writeFileSync(path('00-start-here'), 'no notebook\n');
    git('add', '.');
    expect(git('show', ':notebooks/00-start-here.ipynb')).toBe('no notebook\n');
    git('reset', '-q', '--hard');
    save('05-insertion-form', saved(read('05-insertion-form')));
    const bin = join(folder, '.git', 'bin');
    mkdirSync(bin);
    for (const name of ['git', 'sh', 'cat'])
      symlinkSync(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), join(bin, name));
    const said = execFileSync('git', ['-C', folder, 'status', '--porcelain'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: bin },
    });
    expect(said.trim()).toBe('M notebooks/05-insertion-form.ipynb');
  });
});
