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

/** Writes a target for every source, once, and scores the texts. Sources of similar length are read together. */
export async function writeTargets({ generator, tokenizer, special, target }: Writing, examples: readonly GenerationExample[], pairs: readonly EncodedPair[], tensors: Tensors): Promise<Written> {
  const begin = seconds();
  const settings = settingsOf(target);
  const texts = examples.map(() => '');
  let unfinished = 0;
  const size = together[settings.search.kind === 'beam' ? 'beam' : 'greedy'];
  const order = [...pairs].sort((a, b) => a.ids.length - b.ids.length);
  for (let from = 0; from < order.length; from += size) {
    const rows = order.slice(from, from + size);
    const start = rows[0]?.start ?? special.start;
    const found = await generator.generate(rows.map(({ ids }) => ids), { settings, special: { ...special, start } }, tensors);
    found.forEach(({ tokens }, row) => {
      texts[rows[row]?.index ?? -1] = tokenizer.decode(tokens).trim();
      if (!special.end.includes(tokens[tokens.length - 1] ?? -1)) unfinished++;
    });
  }
  const scores = textScores(texts, examples.map((example) => example.target));
  return { examples: printOf(examples), ...scores, unfinished, seconds: seconds() - begin, texts };
}

function settingsOf({ beams, lengthPenalty, maxLength, minLength, noRepeatNgram }: TargetSettings): GenerationSettings {
  return {
    search: beams === 1 ? { kind: 'greedy' } : { kind: 'beam', beams, lengthPenalty, earlyStopping: false },
    maxNewTokens: maxLength, minNewTokens: minLength, noRepeatNgram,
  };
}
