import { UserError } from '../../errors';

/** How the next token is chosen. */
export type Search =
  | { readonly kind: 'greedy' }
  /** topK 0 and topP 1 keep every token; temperature below 1 sharpens. */
  | {
      readonly kind: 'sample';
      readonly temperature: number;
      readonly topK: number;
      readonly topP: number;
      readonly seed: number;
    }
  /**
   * score = log-probability / length^lengthPenalty; earlyStopping: done as soon as there are as many texts as beams.
   */
  | { readonly kind: 'beam'; readonly beams: number; readonly lengthPenalty: number; readonly earlyStopping: boolean };

export interface GenerationSettings {
  readonly search: Search;
  readonly maxNewTokens: number;
  /** No end before this many tokens. */
  readonly minNewTokens: number;
  /** No run of this many tokens twice in a text, prompt included; 0 allows all. */
  readonly noRepeatNgram: number;
}

export const greedy: GenerationSettings = {
  search: { kind: 'greedy' },
  maxNewTokens: 32,
  minNewTokens: 0,
  noRepeatNgram: 0,
};

/** Throws a UserError that names the first setting out of range. */
export function checkSettings({ search, maxNewTokens, minNewTokens, noRepeatNgram }: GenerationSettings): void {
  demand(
    'maxNewTokens',
    maxNewTokens,
    Number.isInteger(maxNewTokens) && maxNewTokens >= 1,
    'a whole number of at least 1',
  );
  demand(
    'minNewTokens',
    minNewTokens,
    Number.isInteger(minNewTokens) && minNewTokens >= 0 && minNewTokens <= maxNewTokens,
    `a whole number from 0 to maxNewTokens (${maxNewTokens})`,
  );
  demand(
    'noRepeatNgram',
    noRepeatNgram,
    Number.isInteger(noRepeatNgram) && noRepeatNgram >= 0,
    'a whole number, 0 for none',
  );
  if (search.kind === 'beam') {
    demand('beams', search.beams, Number.isInteger(search.beams) && search.beams >= 1, 'a whole number of at least 1');
    demand('lengthPenalty', search.lengthPenalty, Number.isFinite(search.lengthPenalty), 'a number');
  }
  if (search.kind === 'sample') {
    demand(
      'temperature',
      search.temperature,
      search.temperature > 0 && Number.isFinite(search.temperature),
      'a number above 0',
    );
    demand('topK', search.topK, Number.isInteger(search.topK) && search.topK >= 0, 'a whole number, 0 for all tokens');
    demand('topP', search.topP, search.topP > 0 && search.topP <= 1, 'a share above 0 and at most 1');
  }
}

function demand(name: string, value: number, holds: boolean, wanted: string): void {
  if (!holds) throw new UserError(`${name} is ${value}: give ${wanted}`);
}
