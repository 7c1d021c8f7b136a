import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../errors';
import { folderOf } from '../fixtures/tiny';
import { openModel, type Model } from '../open';
import { Generator } from './generate';
import { rulesOf } from './rules';
import { greedy, type GenerationSettings } from './settings';

interface Case {
  readonly family: string;
  readonly beams: number;
  readonly rules: Readonly<Record<string, unknown>>;
  readonly ids: readonly number[];
  readonly tokens: readonly number[];
}

const { cases } = JSON.parse(readFileSync(join(folderOf(''), '..', 'rules.json'), 'utf8')) as {
  readonly cases: readonly Case[];
};

describe.each(['gpt2', 'bart'])("tiny %s with a generation_config.json's rules", (family) => {
  let folder = '';
  let model: Model;
  let generator: Generator;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'petl-rules-'));
    cpSync(folderOf(family), folder, { recursive: true });
    model = await openModel(folder);
    generator = new Generator(model.backbone);
  });
  afterAll(() => {
    generator.dispose();
    model.backbone.dispose();
    rmSync(folder, { recursive: true });
  });

  it.each(cases.filter((test) => test.family === family).map((test) => [test.beams, test.rules, test] as const))(
    '%i beams, %j: token for token as transformers',
    async (beams, rules, { ids, tokens }) => {
      const settings: GenerationSettings = {
        ...greedy,
        maxNewTokens: 10,
        ...(beams > 1 && { search: { kind: 'beam', beams, lengthPenalty: 1, earlyStopping: false } }),
      };
      const forced = typeof rules['forced_bos_token_id'] === 'number' ? rules['forced_bos_token_id'] : null;
      const special = { ...model.special, pad: 1, forcedFirst: forced, rules: rulesOf(rules, true) };
      const [found] = await generator.generate([ids], { settings, special });
      expect(found?.tokens).toEqual(tokens);
    },
  );

  it('comes with the model that is opened; what is not computed is refused when a text is to be written', async () => {
    writeFileSync(
      join(folder, 'generation_config.json'),
      JSON.stringify({
        repetition_penalty: 1.5,
        num_beams: 4,
        min_p: 0.1,
        new_rule: 1,
        eos_token_id: [2, 3],
        top_k: 50,
      }),
    );
    const { backbone, special } = await openModel(folder);
    expect(special.end).toEqual([2, 3]);
    expect(special.rules).toMatchObject({ repetitionPenalty: 1.5, asked: ['num_beams 4'] });
    await expect(generator.generate([[5]], { settings: greedy, special })).rejects.toThrow(
      /generation_config\.json sets min_p, new_rule, which is not computed here/,
    );
    backbone.dispose();
    rmSync(join(folder, 'generation_config.json'));
  });
});

describe('rules', () => {
  it("of an older config.json are read, its other keys being the model's", () => {
    const rules = rulesOf({ no_repeat_ngram_size: 3, num_beams: 4, hidden_size: 32, typical_p: 0.9 }, false);
    expect(rules).toMatchObject({ noRepeatNgram: 3, asked: ['num_beams 4'], refused: ['typical_p'] });
  });

  it.each([
    { repetition_penalty: 0 },
    { bad_words_ids: [3] },
    { suppress_tokens: ['a'] },
    { no_repeat_ngram_size: 1.5 },
  ])('%j is refused', (config) => {
    expect(() => rulesOf(config, true)).toThrow(UserError);
  });
});
