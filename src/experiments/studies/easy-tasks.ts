import { configuration as of, variantOf, type Configuration } from './block';
import { paraphraseBlock, sentimentBlock } from './blocks';
import { declared, type Declared } from './study';

/**
 * The methods of He et al. 2021, Table 2, at one share of MiniLM: 0.65% by the paper's count wherever a method has a
 * size.
 */
export const easy: Readonly<
  Record<'full' | 'head' | 'bitfit' | 'prompt' | 'prefix' | 'lora' | 'adapter' | 'mam', Configuration>
> = {
  full: of('full', 'full fine-tuning', 'full'),
  head: of('head', 'head only'),
  bitfit: of('bitfit', 'BitFit', 'bitfit'),
  prompt: of('prompt:l=20', 'prompt tuning l=20'),
  prefix: of('prefix:l=32', 'prefix tuning l=32', 'prefix:l=32'),
  lora: of('lora:r=16', 'LoRA r=16', 'lora:r=16,s=4'),
  adapter: of('houlsby:m=16', 'Houlsby adapter m=16'),
  mam: of('mam:l=16,r=16,s=2', 'MAM l=16, r=16', 'mam:l=16,r=16,s=2'),
};

export const sentimentConfigurations: readonly Configuration[] = Object.values(easy);
export const paraphraseConfigurations: readonly Configuration[] = [
  easy.full,
  easy.bitfit,
  easy.prefix,
  easy.lora,
  easy.adapter,
  easy.mam,
];

export const easyTasks: Declared = declared('easy-tasks', (tier) => ({
  title: 'Existing methods on two classification tasks',
  source: 'He et al. 2021, Table 2',
  rows: ['A1', 'A5'],
  notebook: 'notebooks/04-existing-methods-and-budgets.ipynb',
  variants: sentimentConfigurations.map((config) =>
    variantOf(
      config,
      paraphraseConfigurations.includes(config) ? [sentimentBlock, paraphraseBlock] : [sentimentBlock],
      tier,
    ),
  ),
  also: (method) => variantOf(of(method, method), [sentimentBlock, paraphraseBlock], tier),
}));
