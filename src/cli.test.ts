import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { main } from './cli';
import { commands } from './commands/list';
import { exitCode } from './commands/study';
import { answerBaselines } from './experiments/findings/label-baselines';
import { projectRoot } from './project';
import { taskNamed } from './tasks/registry';

const bin = join(projectRoot(), 'bin', 'petl.cjs');
const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => name !== 'VITEST'),
);

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function petl(...args: readonly string[]): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
    env: environment,
    cwd: projectRoot(),
    timeout: 120_000,
  });
  return { code: status, out: stdout, err: stderr };
}

describe('bad input is one line that names the value, with exit code 2 and nothing on standard output', () => {
  it.each([
    [['sudy'], '; did you mean "study"?\n'],
    [['study'], 'NAME is missing: petl study NAME'],
    [['study', 'nope'], 'unknown study "nope": choose from existing-methods'],
    [['study', 'existing-methods', 'extra'], 'unexpected "extra"'],
    [['study', 'existing-methods', '--teir', 'quick'], "unknown option '--teir': petl study takes --tier"],
    [['study', 'existing-methods', '--tier', 'slow'], '--tier must be quick or full, not "slow"'],
    [['study', 'existing-methods', '--workers', '-1'], '--workers'],
    [['study', 'existing-methods', '--workers', '1.5'], '--workers must be a whole number from 1 to 64, not "1.5"'],
    [['count', '--json'], '--method is missing'],
    [['count', '--method', 'lorra:r=4'], 'did you mean "lora"'],
    [['count', '--method', 'lora:r=-4'], 'r must be a whole number of at least 1, not "-4"'],
    [['count', '--method', 'head', '--model', 'bert-bse-uncased'], '; did you mean "bert-base-uncased"'],
    [['count', '--method', 'head', '--model', './no/such/folder'], 'no config.json'],
    [
      ['count', '--method', 'head', '--classes', 'two'],
      '--classes must be a whole number from 0 to 1000000, not "two"',
    ],
    [['verdicts', '--paper', 'li'], '--paper must be all or he'],
    [['repeat', 'no/such/run.jsonl'], 'there is no run file no/such/run.jsonl: name a file below results'],
    [['fetch', 'no-such-package'], 'no-such-package'],
    [['index', 'nope'], 'unknown collection "nope": choose from verses, squad-shifts'],
    [['ask', ''], 'the question is empty: ask something in words'],
    [['ask', 'why '.repeat(10_000)], 'the question has 10000 words: ask in at most 200'],
    [['ask', 'Who?', '--retriever', 'guess'], '--retriever must be lexical or dense or union, not "guess"'],
    [['ask', 'Who?', '--adapter', 'a', '--model', 'b'], '--model has no effect with --adapter'],
    [['ask', 'Who?', '--model', 'a', '--model', 'b'], '--model is given twice: which one is meant?'],
    [['predict', '--text', '-5 degrees'], '"-5 degrees" behind --text begins with a dash: write --text="-5 degrees"'],
    [['ask', '-5 degrees?'], 'an argument that begins with a dash stands last, behind --'],
    [['repeat', 'src'], 'src is a folder: name the file of a run in it'],
    [['adapter', 'train', 'src', '--out', 'nowhere'], 'src is a folder: name the file of a run in it'],
    [['ask', 'Who?', '--collection', 'nope'], 'unknown collection "nope"'],
    [
      ['ablate', '--data', 'a.csv', '--methods', 'head', '--out', '/proc/x'],
      'cannot write /proc/x: nothing can be made',
    ],
    [['export', 'cost', '--tier', 'full', '--out', '/proc/x'], 'cannot write /proc/x: nothing can be made there: name'],
    [['bundle', 'cost', '--tier', 'full', '--out', '/proc/x.zip'], 'cannot write /proc'],
    [['report', '--out', '/proc/x.html'], 'cannot write /proc'],
  ])('petl %j', (args, message) => {
    const { code, out, err } = petl(...args);
    expect(err).toContain(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });

  it('a folder with a broken config', () => {
    const folder = mkdtempSync(join(tmpdir(), 'petl-model-'));
    writeFileSync(join(folder, 'config.json'), '{ "model_type": ');
    expect(petl('count', '--method', 'head', '--model', folder)).toMatchObject({ code: 2, out: '' });
    rmSync(folder, { recursive: true });
  });
});

it('tasks that a refusal of petl baselines names have some', () => {
  const kinds = ['spam', 'squad-shifts', 'synopsis'].map((name) => taskNamed(name).kind);
  expect(kinds).toEqual([...Object.keys(answerBaselines), 'generation']);
});

describe('json', () => {
  it('counts stand alone on standard output', () => {
    const { code, out, err } = petl('count', '--model', 'bart-large', '--method', 'mam:l=30,r=512', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      model: 'bart-large',
      method: 'mam:l=30,r=512',
      backbone: 406291456,
      paper: 27377664,
      stored: 27414528,
    });
  });

  it.each([['methods'], ['models'], ['verdicts'], ['results', 'existing-methods']])(
    'petl %s --json gives a list',
    (...args) => {
      const { code, out } = petl(...args, '--json');
      expect(code).toBe(0);
      expect(Array.isArray(JSON.parse(out))).toBe(true);
    },
  );

  it('petl methods fits 100 columns', () => {
    const { code, out } = petl('methods');
    expect(code).toBe(0);
    const lines = out.split('\n');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.length).toBeGreaterThan(50);
  });

  it('verdicts have the same fields whatever they say', () => {
    const fields = [
      'ci',
      'comparisons',
      'deciding',
      'finding',
      'gap',
      'hours',
      'id',
      'links',
      'notebook',
      'paper',
      'preconditions',
      'reason',
      'rule',
      'runs',
      'seeds',
      'source',
      'standing',
      'verdict',
    ];
    const found = JSON.parse(petl('verdicts', '--paper', 'houlsby', '--json').out) as readonly object[];
    expect(found.map((verdict) => Object.keys(verdict).sort())).toEqual(found.map(() => fields));
  });
});

describe('what starts at once', () => {
  it.each([[['--help']], [['count', '--method', 'lora:r=8']], [['methods']], [['study', '--help']]])(
    'petl %j loads no heavy module',
    (args) => {
      const script = `process.argv = ['node', 'petl', ...${JSON.stringify(args)}];
      process.on('exit', () => console.error(Object.keys(require.cache).filter((file) => /tensorflow|plotly|jsdom|danfojs|resvg/.test(file)).length));
      require(require(${JSON.stringify(bin)}).build() + '/cli.js');`;
      const { stderr, stdout } = spawnSync(process.execPath, ['-e', script], {
        encoding: 'utf8',
        env: environment,
        cwd: projectRoot(),
      });
      expect(stderr.trim()).toBe('0');
      expect(stdout).not.toBe('');
    },
  );
});

describe('help', () => {
  it('lists every command but the hidden', () => {
    const { out } = petl('--help');
    for (const { name, hidden } of commands) expect(new RegExp(`^  ${name} `, 'm').test(out)).toBe(hidden !== true);
  });

  it.each(commands.map((command) => [command.name, command] as const))(
    'of %s names every option with what it takes, as its usage does',
    async (name, { options, usage }) => {
      const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
      expect(await main([name, '--help'])).toBe(0);
      const said = written.mock.calls.map(([text]) => String(text)).join('');
      written.mockRestore();
      expect(said).toContain(`petl ${usage}\n`);
      const lines = said.split('\n').filter((line) => line.startsWith('  --'));
      expect(lines.map((line) => line.trim().split(/ {2,}/)[0])).toEqual(
        Object.entries(options).map(([key, of]) => (of.type === 'boolean' ? `--${key}` : `--${key} ${of.takes}`)),
      );
      for (const [, key = '', value] of usage.matchAll(/--([\w-]+)(?: ([^'\s\]]+))?/g)) {
        expect(Object.keys(options)).toContain(key);
        const of = options[key];
        // behind a bar without spaces another option may follow
        if (of?.type === 'string' && value !== undefined) expect(value.split('|--')[0]).toBe(of.takes);
      }
    },
  );

  it('is documented: every command and option stands in docs/commands.md', () => {
    const page = readFileSync(join(projectRoot(), 'docs', 'commands.md'), 'utf8').replaceAll('\\|', '|');
    for (const { usage, hidden } of commands) if (hidden !== true) expect(page).toContain(`petl ${usage}`);
    for (const { name, options, hidden } of commands)
      for (const option of hidden === true ? [] : Object.keys(options))
        expect([name, option, new RegExp(`--${option}\\b`).test(page)]).toEqual([name, option, true]);
  });
});

describe('standard output', () => {
  const shell = (line: string): Ended => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', line, process.execPath, bin], {
      encoding: 'utf8',
      env: environment,
    });
    return { code: status, out: stdout, err: stderr };
  };

  it('that is full is said in one line, with exit code 1', () => {
    const { code, err } = shell('"$0" "$1" methods > /dev/full');
    expect([code, err]).toEqual([
      1,
      'petl: cannot write to standard output: the disk is full: make room, then run the same command again\n',
    ]);
  });

  it('that nobody reads to its end is no fault', () => {
    expect(shell('set -o pipefail; "$0" "$1" methods --json | true')).toEqual({ code: 0, out: '', err: '' });
    expect(shell('"$0" "$1" count --method nope 2>&-').code).toBe(2);
  });
});

describe('exit codes', () => {
  const plan = { spec: {} as never, label: '' };
  const done = { reused: 0, finished: 1, failed: [], interrupted: false };
  it.each([
    [0, done],
    [
      1,
      {
        ...done,
        failed: [
          { plan, message: 'x', user: false },
          { plan, message: 'y', user: true },
        ],
      },
    ],
    [2, { ...done, failed: [{ plan, message: 'x', user: true }] }],
    [130, { ...done, interrupted: true }],
  ])('%d', (code, report) => {
    expect(exitCode(report)).toBe(code);
  });
});
