import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { read } from './cli';
import { commands } from './commands/list';
import { projectRoot } from './project';

interface Line {
  readonly at: string;
  /** What follows `petl`. */
  readonly words: readonly string[];
  /** A line to be copied; other mentions may leave arguments out. */
  readonly whole: boolean;
}

interface Page {
  readonly name: string;
  readonly text: string;
}

function pages(): readonly Page[] {
  const of = (folder: string, ending: string): readonly string[] =>
    readdirSync(join(projectRoot(), folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith(ending) && !file.includes('.ipynb_checkpoints'))
      .map((file) => join(folder, file));
  const text = (name: string): string => readFileSync(join(projectRoot(), name), 'utf8');
  return [
    ...['README.md', ...of('docs', '.md')].map((name) => ({ name, text: text(name) })),
    ...of('notebooks', '.ipynb').map((name) => ({ name, text: markdownOf(text(name)) })),
  ];
}

function markdownOf(notebook: string): string {
  const { cells } = JSON.parse(notebook) as { cells: { cell_type: string; source: string | string[] }[] };
  const written = cells.filter((cell) => cell.cell_type === 'markdown').map(({ source }) => [source].flat().join(''));
  return written.join('\n\n');
}

/** Every call of petl on a page: in fences, in indented lines, and between backticks. */
function linesOf({ name, text }: Page): readonly Line[] {
  let fenced = false;
  return text.split('\n').flatMap((line, i): readonly Line[] => {
    const at = `${name}:${i + 1}`;
    if (line.startsWith('```')) fenced = !fenced;
    else if (fenced || line.startsWith('    ')) return callsOf(line).map((words) => ({ at, words, whole: true }));
    const spans = [...line.replaceAll('\\|', '|').matchAll(/`([^`]+)`/g)].map(([, span]) => span ?? '');
    return spans.flatMap(callsOf).map((words) => ({ at, words, whole: false }));
  });
}

/** The words behind `petl` in each command of a line, quotes taken away. */
function callsOf(line: string): readonly (readonly string[])[] {
  const calls: string[][] = [[]];
  for (const [word] of line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (word.startsWith('#')) break;
    if (/^(&&|\|\|?|;|>+)$/.test(word)) calls.push([]);
    else calls.at(-1)?.push(word.replace(/["']/g, ''));
  }
  return calls.flatMap((words) => {
    const called = /^(?:npx petl|node bin\/petl\.cjs|petl) (?=[a-z])/.exec(`${words.slice(0, 3).join(' ')} `)?.[0];
    return called === undefined ? [] : [words.slice(called.trim().split(' ').length)];
  });
}

/** What petl would say of a line; undefined where it takes it. */
function faultOf({ words, whole }: Line): string | undefined {
  const [name, ...rest] = words;
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) return `no command "${name ?? ''}"`;
  const isOpen = rest.some((word) => /[[\]…]|\.\.\.|^\w+\|/.test(word));
  if (!whole || isOpen) {
    const unknown = [...rest.join(' ').matchAll(/(?<![\w-])--([a-z][\w-]*)/g)].find(
      ([, option = '']) => !Object.hasOwn(command.options, option) && option !== 'help',
    );
    return unknown && `no option ${unknown[0]} of ${command.name}`;
  }
  try {
    read(command, rest);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const wrong = (lines: readonly Line[]): readonly string[] =>
  lines.flatMap((line) => {
    const fault = faultOf(line);
    return fault === undefined ? [] : [`${line.at}: petl ${line.words.join(' ')}: ${fault}`];
  });

describe('lines for the shell', () => {
  const lines = pages().flatMap(linesOf);

  it('in the README, the docs and the notebooks are commands with options that there are', () => {
    expect(lines.filter(({ whole }) => whole).length).toBeGreaterThan(10);
    expect(lines.length).toBeGreaterThan(100);
    expect(wrong(lines)).toEqual([]);
  });

  it('are found where they stand, and refused where petl would refuse them', () => {
    const text = [
      '```',
      "npx petl index verses && npx petl ask 'Who --was it?' --top 3  # --note",
      'npx petl adapter export HERE --format peft --out DIR',
      'npx petl count --method',
      '```',
      '    npx petl bundle',
      'see `petl tune`, `petl spans NAME --teir full`, `petl runs --csv | head`, and `petl nothing`',
      '| `petl ask QUESTION [--retriever lexical\\|dense] [--rerank]` |',
    ].join('\n');
    expect(wrong(linesOf({ name: 'page', text })).map((fault) => fault.split(': petl takes')[0])).toEqual([
      expect.stringMatching(/^page:2: petl ask Who --was it\? --top 3: unknown option '--top'/),
      expect.stringMatching(/^page:3: .*: unknown option '--format'/),
      expect.stringMatching(/^page:4: .*argument missing/),
      expect.stringMatching(/^page:6: petl bundle: NAME is missing/),
      'page:7: petl spans NAME --teir full: no option --teir of spans',
      'page:7: petl nothing: no command "nothing"',
      'page:8: petl ask QUESTION [--retriever lexical|dense] [--rerank]: no option --rerank of ask',
    ]);
  });
});
