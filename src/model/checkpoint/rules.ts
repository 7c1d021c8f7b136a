/**
 * What a stored name becomes; a canonical name that ends in `!` is stored `[out, in]` (PyTorch's Linear), one that ends
 * in `+` less 1. `{query,key,value}` are stored as one, `{query,key,value}#` as one and by head.
 */
export type Rule = readonly [pattern: RegExp, name: string];

/** A matrix stored `[out, in]` and its bias. */
export const linear = (from: string, to: string): Rule[] => [
  [new RegExp(`^${from}\\.weight$`), `${to}.weight!`],
  [new RegExp(`^${from}\\.bias$`), `${to}.bias`],
];

/** A matrix stored as it is used, `[in, out]`, and its bias (GPT-2's Conv1D). */
export const plain = (from: string, to: string): Rule[] => [[new RegExp(`^${from}\\.(weight|bias)$`), `${to}.$2`]];

/** A norm's gain that is stored less 1 (Gemma). */
export const offsetNorm = (from: string, to: string): Rule[] => [[new RegExp(`^${from}\\.weight$`), `${to}.gain+`]];

export const norm = (from: string, to: string): Rule[] => [
  [new RegExp(`^${from}\\.(?:weight|gamma)$`), `${to}.gain`],
  [new RegExp(`^${from}\\.(?:bias|beta)$`), `${to}.bias`],
];
