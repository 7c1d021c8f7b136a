import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decimal } from '../numbers';
import { packageFolder } from '../packages/content';

/** A snippet with the mean of the scores from -4 to 4 that 20 people gave it (Hutto and Gilbert, ICWSM 2014). */
export interface Snippet {
  readonly id: string;
  readonly text: string;
  readonly score: number;
  /** The review or article it was cut from, by the first part of its id. */
  readonly source: string;
}

/** The snippets of a file whose lines are `id TAB mean score TAB text`; lines that are not are left out. */
export function snippetsIn(file: string): readonly Snippet[] {
  return file.split(/\r?\n/).flatMap((line): readonly Snippet[] => {
    const [id, score, text] = line.split('\t');
    const value = decimal(score?.trim() ?? '');
    if (id === undefined || text === undefined || value === undefined) return [];
    return [{ id, text: text.trim(), score: value, source: id.split('_')[0] ?? id }];
  });
}

/** Those of a file of package `vaderSentiment-domains`. */
export function readSnippets(file: string): readonly Snippet[] {
  return snippetsIn(readFileSync(join(packageFolder('vaderSentiment-domains'), file), 'utf8'));
}

/** Snippets that lean to one side, 1 for the positive one: their mean score is further from 0 than `neutral`. */
export function leaning(
  snippets: readonly Snippet[],
  neutral: number,
  groupOf: (snippet: Snippet) => string,
): readonly { readonly id: string; readonly text: string; readonly label: number; readonly group: string }[] {
  return snippets
    .filter(({ score }) => Math.abs(score) > neutral)
    .map((snippet) => ({
      id: snippet.id,
      text: snippet.text,
      label: Number(snippet.score > 0),
      group: groupOf(snippet),
    }));
}
