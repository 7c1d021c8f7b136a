import { seconds } from '../clock';
import type { Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { Generator } from '../model/generation/generate';
import type { GenerationSettings } from '../model/generation/settings';
import type { SpecialIds } from '../model/special';
import type { Tokenizer } from '../model/tokenizer';
import { textScores } from '../tasks/baselines';
import { mixSeeds } from '../random';
import { printOf } from '../tasks/fingerprint';
import type { GenerationExample } from '../tasks/generation';
import type { TargetSettings, Tell, Written } from './job';
import type { PairForm } from './pairs/form';

/** Sources read at a time. */
const atOnce = { greedy: 64, beam: 32 } as const;

export interface Writing {
  readonly generator: Generator;
  readonly tokenizer: Tokenizer;
  readonly special: SpecialIds;
  readonly form: PairForm;
  readonly target: TargetSettings;
  /** The method's, as they stand. */
  readonly tensors: Tensors;
  /** Takes how many sources are written for. */
  readonly tell?: Tell | undefined;
  /** Prompts of texts that they are written from, under their name; the caller owns them. */
  readonly prompts?: (reads: readonly ArrayLike<number>[]) => Tensors;
}

/** Writes a target for every source, once, and scores the texts. */
export async function writeTargets(writing: Writing, examples: readonly GenerationExample[]): Promise<Written> {
  const begin = seconds();
  const { texts, ended } = await writeTexts(writing, examples);
  const unfinished = ended.filter((one) => !one).length;
  const scores = textScores(
    texts,
    examples.map((example) => example.target),
  );
  return { examples: printOf(examples), ...scores, unfinished, seconds: seconds() - begin, texts };
}

/**
 * A text for every source, and whether it came to an end before the full length. All batches have as many rows, so that
 * they share programs.
 */
export async function writeTexts(
  writing: Writing,
  examples: readonly GenerationExample[],
): Promise<{ readonly texts: readonly string[]; readonly ended: readonly boolean[] }> {
  return written(writing, examples, { settings: () => settingsOf(writing.target) });
}

/** `count` texts for each source, sampled apart from one reading of it. */
export async function writeSamples(
  writing: Writing,
  examples: readonly GenerationExample[],
  { count, temperature, seed }: { readonly count: number; readonly temperature: number; readonly seed: number },
): Promise<readonly (readonly string[])[]> {
  const settings = (from: number): GenerationSettings => ({
    ...settingsOf(writing.target),
    search: { kind: 'sample', temperature, topK: 0, topP: 1, seed: mixSeeds(seed, from) },
  });
  const { texts } = await written(writing, examples, { settings, copies: count });
  return examples.map((_, i) => texts.slice(i * count, (i + 1) * count));
}

interface How {
  /** @param from place of the first source of a batch */
  readonly settings: (from: number) => GenerationSettings;
  readonly copies?: number;
}

async function written(
  { generator, tokenizer, special, form, tensors, prompts, tell }: Writing,
  examples: readonly GenerationExample[],
  { settings: settingsFrom, copies = 1 }: How,
): Promise<{ readonly texts: readonly string[]; readonly ended: readonly boolean[] }> {
  const { ids, start, segments, reads = [] } = form.sources(examples);
  const rowsAtOnce = atOnce[settingsFrom(0).search.kind === 'beam' ? 'beam' : 'greedy'];
  const size = Math.min(ids.length, Math.max(1, Math.floor(rowsAtOnce / copies)));
  const texts: string[] = [];
  const ended: boolean[] = [];
  for (let from = 0; from < ids.length; from += size) {
    const places = Array.from({ length: size }, (_, row) => (from + row < ids.length ? from + row : 0)); // fillers at the end of the last batch
    const rows = places.map((place) => ids[place] ?? []);
    const own = segments && {
      read: places.map((place) => segments.read[place] ?? []),
      written: places.map((place) => segments.written[place] ?? 0),
    };
    const options = {
      ...{ settings: settingsFrom(from), special: { ...special, start }, copies },
      ...(own && { segments: own }),
    };
    const given = reads.length === 0 ? {} : (prompts?.(places.map((place) => reads[place] ?? [])) ?? {});
    const found = await generator.generate(rows, options, { ...tensors, ...given });
    disposeTree(given);
    for (const { tokens } of found.slice(0, (ids.length - from) * copies)) {
      texts.push(tokenizer.decode(tokens).trim());
      ended.push(special.end.includes(tokens[tokens.length - 1] ?? -1));
    }
    tell?.({ doing: 'writing', done: Math.min(from + size, ids.length), of: ids.length });
  }
  return { texts, ended };
}

function settingsOf({ beams, lengthPenalty, maxLength, minLength, noRepeatNgram }: TargetSettings): GenerationSettings {
  return {
    search: beams === 1 ? { kind: 'greedy' } : { kind: 'beam', beams, lengthPenalty, earlyStopping: false },
    maxNewTokens: maxLength,
    minNewTokens: minLength,
    noRepeatNgram,
  };
}
