import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '../project';

interface Message {
  readonly type: string;
  readonly content: {
    readonly name?: string;
    readonly text?: string;
    readonly data?: Record<string, unknown>;
    readonly transient?: { readonly display_id?: string };
  };
}
interface Kernel {
  execute(code: string, onMessage?: (message: Message) => void): Promise<string>;
  interrupt(): void;
  said(): string;
  stop(): Promise<void>;
}
interface Cell {
  cell_type: string;
  source: string;
  outputs?: object[];
  metadata?: object;
  execution_count?: number;
  id?: string;
}
interface Notebook {
  cells: Cell[];
  metadata: object;
  nbformat: number;
}

const script = async (name: string): Promise<Record<string, (...given: unknown[]) => unknown>> =>
  (await import(join(projectRoot(), 'scripts', name))) as Record<string, (...given: unknown[]) => unknown>;

async function started(): Promise<Kernel> {
  return (await (await script('notebook/kernel.mjs'))['startKernel']?.()) as Kernel;
}

function notebookOf(...cells: (Partial<Cell> & { source: string })[]): Notebook {
  return {
    cells: cells.map((cell) => ({ cell_type: 'code', metadata: {}, outputs: [], ...cell })),
    metadata: {},
    nbformat: 4,
  };
}

describe('the notebook kernel', { timeout: 180_000 }, () => {
  let kernel: Kernel;
  beforeAll(async () => {
    (await script('notebook/declarations.cjs'))['declare']?.();
    kernel = await started();
  }, 240_000);
  afterAll(() => kernel.stop());

  async function run(code: string): Promise<{ status: string; out: string; messages: Message[] }> {
    const messages: Message[] = [];
    const status = await kernel.execute(code, (message) => {
      messages.push(message);
    });
    return { status, out: messages.map((message) => message.content.text ?? '').join(''), messages };
  }

  it('loses none of 5,000 lines printed at once', async () => {
    const { status, out } = await run("for (let i = 0; i < 5000; i++) console.log('line', i);");
    expect(status).toBe('ok');
    expect(out).toBe(Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(''));
  });

  it('says when it is ready, and what the first import does where that takes long', async () => {
    const other = (await (
      await script('notebook/kernel.mjs')
    )['startKernel']?.({ env: { PETL_SLOW_START: '0' } })) as Kernel;
    let out = '';
    for (let i = 0; i < 2; i++)
      await other.execute("import { shortNumber } from './src/plots/scale';", (message) => {
        out += message.content.text ?? '';
      });
    await other.stop();
    expect(other.said()).toMatch(/^TypeScript kernel ready in \d+\.\d s$/m);
    expect(out).toMatch(/^petl-lab: reading \d+ sources once, about \d+ s on this busy machine\n$/);
  });

  it('imports from src, from the project root', async () => {
    expect(await run("import { shortNumber } from './src/plots/scale';\nshortNumber(22600000)")).toMatchObject({
      status: 'ok',
      out: '22.6 M\n',
    });
  });

  it('refuses a cell of the wrong type', async () => {
    const { status, out } = await run("shortNumber('12')");
    expect(status).toBe('error');
    expect(out).toContain("Argument of type 'string' is not assignable to parameter of type 'number'");
    await new Promise((done) => {
      setTimeout(done, 300);
    });
  });

  it('shows an error by its message and the cell\u2019s line, without a stack where the fault is the user\u2019s', async () => {
    const pause = () => new Promise((done) => setTimeout(done, 300)); // what follows an error at once is not run
    await pause();
    await run(
      "import { UserError } from './src/errors';\nconst refuse = (what: string) => { throw new UserError(`${what}: no`); };",
    );
    const { status, out } = await run("const r: number = 3;\n\nconst m = refuse(\n  'r=' + r,\n);");
    expect(status).toBe('error');
    expect(out).toBe('r=3: no\n  line 3 of the cell: const m = refuse(\n');
    await pause();
    const late = await run('setTimeout(() => refuse("late"), 5);\nawait new Promise((done) => setTimeout(done, 200));');
    expect(late.out).toBe('late: no\n  line 1 of the cell: setTimeout(() => refuse("late"), 5);\n');
    const fault = await run('const none = JSON.parse("null");\nnone.length');
    expect(fault.out).toMatch(/^TypeError: Cannot read properties of null.*\n {2}line 2 of the cell: none.length\n$/);
    await pause();
  });

  it('knows the variables of earlier cells in shorthand properties', async () => {
    await run('const shared = 5;');
    expect(await run('const q = { shared, z: 1 };\nconsole.log({ q, shared });')).toMatchObject({
      status: 'ok',
      out: '{ q: { shared: 5, z: 1 }, shared: 5 }\n',
    });
    const { writtenOut } = await script('notebook/shorthand.cjs');
    expect(writtenOut?.('const { a, b = 1 } = f({ a, c: { d } });')).toBe(
      'const { a, b = 1 } = f({ a: a, c: { d: d } });',
    );
  });

  it('finds the function whose brackets the cursor is in', async () => {
    const { calleeBefore } = await script('notebook/inspect.cjs');
    const code = "await show(parameterScore(rows, { x: f(1) }), 'a')";
    expect(code[calleeBefore?.(code, code.indexOf('rows')) as number]).toBe('e');
    expect(calleeBefore?.(code, code.indexOf("'a'"))).toBe(code.indexOf('show') + 3);
    expect(calleeBefore?.(code, 3)).toBe(-1);
  });

  it('survives a file that appears beside the sources, and compiles it as it stands', async () => {
    const name = `zz-appears-${process.pid}`;
    const file = join(projectRoot(), 'src', 'plots', `${name}.ts`);
    writeFileSync(file, "import { shortNumber } from './scale';\nexport const appeared = shortNumber(22.6e6);\n");
    try {
      // The compiler looks every 250 ms.
      await new Promise((done) => {
        setTimeout(done, 1000);
      });
      expect(await run('shortNumber(1)')).toMatchObject({ status: 'ok', out: '1\n' });
      const seen = `import { appeared } from './src/plots/${name}';\nappeared`;
      expect(await run(seen)).toMatchObject({ status: 'ok', out: '22.6 M\n' });
    } finally {
      rmSync(file);
    }
  });

  it('survives an interrupt, and lets loops stop', async () => {
    const before = await run('const seen = (globalThis as { interrupted?: number }).interrupted;\nseen');
    const running = run(
      [
        'let turns = 0;',
        "console.log('begun');",
        'while ((globalThis as { interrupted?: number }).interrupted === seen) { turns++; await new Promise((done) => setTimeout(done, 10)); }',
      ].join('\n'),
    );
    await new Promise((done) => {
      setTimeout(done, 1500);
    });
    kernel.interrupt();
    await running;
    await new Promise((done) => {
      setTimeout(done, 300);
    });
    expect(await run('const now = (globalThis as { interrupted?: number }).interrupted;\nnow')).toMatchObject({
      status: 'ok',
      out: `${Number(before.out) + 1}\n`,
    });
  });

  it('ends an interrupted cell when what heeds the interrupt does, with its words', async () => {
    const running = run(
      [
        'const kernel = globalThis as unknown as { interrupted: number; heeding: number };',
        'const known = kernel.interrupted;',
        'kernel.heeding = 1;',
        'while (kernel.interrupted === known) await new Promise((done) => setTimeout(done, 10));',
        'await new Promise((done) => setTimeout(done, 300));',
        'kernel.heeding = 0;',
        "throw new Error('Interrupted: step 1 of 2 is kept; run the cell again');",
      ].join('\n'),
    );
    await new Promise((done) => {
      setTimeout(done, 1500);
    });
    kernel.interrupt();
    const { status, out } = await running;
    expect(status).toBe('error');
    expect(out.split('\n')[0]).toBe('Interrupted: step 1 of 2 is kept; run the cell again');
    await new Promise((done) => {
      setTimeout(done, 300);
    });
  });

  it('updates a live curve in place, and leaves one picture', async () => {
    const { status, messages } = await run(
      [
        "import { liveCurve } from './src/plots/live';",
        "const live = liveCurve({ label: 'demo', total: 3 });",
        'for (let i = 1; i <= 3; i++) { live.step(i, 1 / i); await new Promise((done) => setTimeout(done, 300)); }',
        "const drawn = await live.finish('done');",
      ].join('\n'),
    );
    expect(status).toBe('ok');
    const displays = messages.filter((message) => message.type.endsWith('display_data'));
    expect(displays.map((message) => message.type)).toEqual([
      'display_data',
      'update_display_data',
      'update_display_data',
      'update_display_data',
    ]);
    expect(new Set(displays.map((message) => message.content.transient?.display_id)).size).toBe(1);
    expect(Object.keys(displays[0]?.content.data ?? {})).toEqual(['text/html', 'text/plain']);
    expect(Object.keys(displays[3]?.content.data ?? {})).toEqual(['image/svg+xml', 'text/plain']);
  });
});

describe('running notebooks', { timeout: 180_000 }, () => {
  it('says which cell failed and why', async () => {
    const { execute } = await script('notebooks.mjs');
    const notebook = notebookOf(
      { cell_type: 'markdown', source: '# demo' },
      { source: 'const a = 1;' },
      { source: "throw new Error('demo failure');" },
      { source: 'a' },
    );
    await expect(execute?.(notebook)).rejects.toThrow(/^cell 3: [\s\S]*demo failure/);
    await expect(
      execute?.(notebookOf({ source: "process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});" })),
    ).rejects.toThrow(/^cell 1: the kernel ended with SIGKILL/);
  });

  it('injects parameters, cleans, and finds what differs', async () => {
    const { clean, inject, notebookText } = await script('notebook/file.mjs');
    const { execute, differences } = await script('notebooks.mjs');
    const notebook = notebookOf(
      { source: 'const epochs = 1;', metadata: { tags: ['parameters'] } },
      { source: "console.log('epochs', epochs, 'in', 1.5, 's');\nepochs / 3" },
    );
    const plain = clean?.(await execute?.(notebook)) as Notebook;
    expect(plain.cells[1]?.outputs).toEqual([
      { name: 'stdout', output_type: 'stream', text: ['epochs 1 in 1.5 s\n', '0.3333333333333333\n'] },
    ]);
    expect(notebookText?.(clean?.(JSON.parse(notebookText(plain) as string)))).toBe(notebookText?.(plain));
    const injected = (await execute?.(inject?.(notebook, { epochs: 5 }))) as Notebook;
    expect(injected.cells[2]?.outputs).toMatchObject([{ text: 'epochs 5 in 1.5 s\n1.6666666666666667\n' }]);
    expect(differences?.(plain, { ...plain, cells: [plain.cells[0], injected.cells[2]] })).toEqual([
      'cell 2: stream stdout: 1 was committed, 5 came out',
    ]);
    expect(() => inject?.(notebook, { epoch: 5 })).toThrow(/no parameter "epoch"/);
  });
});

describe('comparing outputs', () => {
  const text = (...lines: string[]): object => ({ name: 'stdout', output_type: 'stream', text: lines });

  it('sets aside times, memory, dates, ids and places', async () => {
    const { difference } = await script('notebook/compare.mjs');
    const before = text(
      `wrote ${projectRoot()}/a in 2 min 05 s, 900 MB\n`,
      'on 2026-01-02T03:04:05.678Z id 0123456789abcdef\n',
      'step 1\rstep 9\n',
    );
    const after = text(
      'wrote ./a in 7.25 s, 1.2 GB\n',
      'on 2027-01-02T03:04:05.678Z id fedcba9876543210\n',
      'step 9\n',
    );
    expect(difference?.([before], [after], 'exact')).toBeUndefined();
    expect(difference?.([text('score 0.81')], [text('score 0.82')], 'exact')).toBe(
      'stream stdout: 0.81 was committed, 0.82 came out',
    );
    expect(difference?.([text('score 0.8100000001')], [text('score 0.81')], 'exact')).toBeUndefined();
    expect(difference?.([text('score 0.81')], [text('score 0.82')], 'words')).toBeUndefined();
    expect(difference?.([text('score 0.81')], [text('loss 0.81')], 'words')).toContain('line 1');
    expect(difference?.([text('a')], [text('b')], 'types')).toBeUndefined();
    expect(difference?.([text('a')], [], 'types')).toBe('committed outputs are stream stdout; now nothing');
    expect(difference?.([text('a')], [], 'none')).toBeUndefined();
  });

  it('compares figures by value, whatever saved them', async () => {
    const { difference } = await script('notebook/compare.mjs');
    const plotly = 'application/vnd.plotly.v1+json';
    const output = (y: number, more: object): object => ({
      output_type: 'display_data',
      metadata: {},
      data: { [plotly]: { data: [{ y: [y] }], layout: {} }, ...more },
    });
    expect(difference?.([output(1, { 'image/png': 'AAAA' })], [output(1, {})], 'exact')).toBeUndefined();
    expect(difference?.([output(1, {})], [output(2, {})], 'exact')).toBe(`${plotly}: 1 was committed, 2 came out`);
    expect(difference?.([output(1, {})], [output(2, {})], 'words')).toBeUndefined();
  });

  it('writes notebooks without traces of an editor', async () => {
    const { clean, writeNotebook, readNotebook } = await script('notebook/file.mjs');
    const folder = mkdtempSync(join(tmpdir(), 'petl-notebook-'));
    const given = notebookOf({
      source: 'a\nb\n',
      execution_count: 7,
      metadata: { collapsed: true, tags: ['parameters'], petl: { compare: 'words' } },
    });
    writeNotebook?.(join(folder, 'a.ipynb'), clean?.(given));
    expect(JSON.parse(readFileSync(join(folder, 'a.ipynb'), 'utf8'))).toEqual({
      cells: [
        {
          cell_type: 'code',
          execution_count: null,
          id: 'cell-1',
          metadata: { petl: { compare: 'words' }, tags: ['parameters'] },
          outputs: [],
          source: ['a\n', 'b'],
        },
      ],
      metadata: {
        kernelspec: { display_name: 'TypeScript', language: 'typescript', name: 'tslab' },
        language_info: { file_extension: '.ts', mimetype: 'text/typescript', name: 'typescript' },
      },
      nbformat: 4,
      nbformat_minor: 5,
    });
    writeFileSync(join(folder, 'b.ipynb'), '{');
    expect(() => readNotebook?.(join(folder, 'b.ipynb'))).toThrow(/b\.ipynb: not a notebook/);
    rmSync(folder, { recursive: true });
  });
});
