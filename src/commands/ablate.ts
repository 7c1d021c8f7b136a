import { createHash } from 'node:crypto';
import { basename, extname, resolve } from 'node:path';
import { UserError } from '../errors';
import { defineStudy, type TrainingGrid } from '../experiments/studies/define';
import type { RateWish } from '../experiments/studies/own-rates';
import { demandPlace } from '../files';
import { decimal } from '../numbers';
import { lengths, ownTaskOf } from './ablate-task';
import { textOf, wholeOf, wordOf, type Input } from './command';
import { sayCuts, sayLeaked } from './own-notes';
import { optionsOf, runAndShow } from './study';

/**
 * `petl ablate`: methods compared on a file of one's own. Its runs stand in `results/own/NAME` and are found again;
 * figures and tables go to `--out`.
 */
export async function ablateCommand(input: Input): Promise<number> {
  const name = textOf(input, 'name', usualName(textOf(input, 'data')));
  optionsOf(input); // what is wrong with them is said before anything is kept
  const out = textOf(input, 'out');
  demandPlace(resolve(out));
  const task = ownTaskOf(input, name);
  const study = defineStudy({
    name,
    task,
    model: textOf(input, 'model', 'minilm-l6'),
    methods: methodsIn(textOf(input, 'methods')),
    seeds: seedsIn(textOf(input, 'seeds', '1')),
    ...(input.values['from'] === undefined ? {} : { from: textOf(input, 'from') }),
    training: trainingOf(input),
    rate: rateIn(textOf(input, 'rate', 'tune')),
  });
  const notes = { leaked: sayLeaked(task), cut: await sayCuts(study) };
  return await runAndShow(() => study, input, { folder: out, notes });
}

function trainingOf(input: Input): TrainingGrid {
  const given = ['examples', 'epochs', 'evaluations', 'stop'].filter((name) => input.values[name] !== undefined);
  return {
    ...Object.fromEntries(given.map((name) => [name, wholeOf(input, name, counted)])),
    ...(input.values['max-length'] === undefined ? {} : { maxLength: wholeOf(input, 'max-length', lengths) }),
    ...(input.values['best'] === undefined ? {} : { best: wordOf(input, 'best', validated) }),
  };
}

const validated = { words: ['loss', 'score'], fallback: 'loss' } as const;
const counted = { least: 1, most: 1e9, fallback: 1 };

/** The file's name, as far as a study may be called so. */
function usualName(path: string): string {
  const plain = basename(path, extname(path)).replace(/[^A-Za-z0-9._-]+/g, '-');
  return /^[A-Za-z0-9]/.test(plain)
    ? plain.slice(0, 60)
    : `data-${createHash('sha256').update(path).digest('hex').slice(0, 8)}`;
}

/** `head,lora:r=3,s=4,prefix:l=8`: a comma before `key=` belongs to the method, one inside braces to its grid. */
export function methodsIn(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  for (const piece of text.split(',')) {
    const last = parts.length - 1;
    if (last >= 0 && (depth > 0 || /^\s*\w+=/.test(piece))) parts[last] = `${parts[last] ?? ''},${piece}`;
    else parts.push(piece);
    depth += piece.split('{').length - piece.split('}').length;
  }
  const methods = parts.map((part) => part.trim()).filter((part) => part !== '');
  if (methods.length === 0) throw new UserError('--methods names none: write --methods head,lora:r=4');
  return methods;
}

function seedsIn(text: string): readonly number[] {
  return text.split(',').map((part) => {
    if (/^\s*\d{1,9}\s*$/.test(part)) return Number(part);
    throw new UserError(`--seeds must be whole numbers such as 1,2,3, not "${text}"`);
  });
}

function rateIn(text: string): RateWish {
  if (text === 'tune' || text === 'tuned') return text;
  const value = decimal(text);
  if (value !== undefined && value > 0) return value;
  throw new UserError(`--rate must be tune, tuned or a learning rate such as 0.001, not "${text}"`);
}
