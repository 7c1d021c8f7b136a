import { seconds } from '../clock';
import type { Tensors } from '../engine/tf';
import type { Generator } from '../model/generation/generate';
import type { GenerationSettings } from '../model/generation/settings';
import type { SpecialIds } from '../model/special';
import type { Tokenizer } from '../model/tokenizer';
import { textScores } from '../tasks/baselines';
import type { EncodedPair } from '../tasks/encode';
import { printOf } from '../tasks/fingerprint';
import type { GenerationExample } from '../tasks/task';
import type { TargetSettings, Written } from './job';

/** Sources read at a time. */
const together = { greedy: 64, beam: 32 } as const;

export interface Writing {
  readonly generator: Generator;
  readonly tokenizer: Tokenizer;
  readonly special: SpecialIds;
  readonly target: TargetSettings;
}

/**
 * Writes a target for every source, once, and scores the texts. All batches have as many rows, so that they share
 * programs.
 */
export async function writeTargets(
  { generator, tokenizer, special, target }: Writing,
  examples: readonly GenerationExample[],
  pairs: readonly EncodedPair[],
  tensors: Tensors,
): Promise<Written> {
  const begin = seconds();
  const settings = settingsOf(target);
  const start = pairs[0]?.start ?? special.start;
  const size = Math.min(pairs.length, together[settings.search.kind === 'beam' ? 'beam' : 'greedy']);
  const texts: string[] = [];
  let unfinished = 0;
  for (let from = 0; from < pairs.length; from += size) {
    const rows = Array.from({ length: size }, (_, row) => pairs[from + row] ?? (pairs[0] as EncodedPair)); // fillers at the end of the last batch
    const found = await generator.generate(
      rows.map(({ ids }) => ids),
      { settings, special: { ...special, start } },
      tensors,
    );
    for (const { tokens } of found.slice(0, pairs.length - from)) {
      texts.push(tokenizer.decode(tokens).trim());
      if (!special.end.includes(tokens[tokens.length - 1] ?? -1)) unfinished++;
    }
  }
  const scores = textScores(
    texts,
    examples.map((example) => example.target),
  );
  return { examples: printOf(examples), ...scores, unfinished, seconds: seconds() - begin, texts };
}

function settingsOf({ beams, lengthPenalty, maxLength, minLength, noRepeatNgram }: TargetSettings): GenerationSettings {
  return {
    search: beams === 1 ? { kind: 'greedy' } : { kind: 'beam', beams, lengthPenalty, earlyStopping: false },
    maxNewTokens: maxLength,
    minNewTokens: minLength,
    noRepeatNgram,
  };
}
