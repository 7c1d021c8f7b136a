import { configuration, variantOf, type Block, type Configuration } from './block';
import { paraphraseBlock, sentimentBlock, synopsisBlock, translationBlock } from './blocks';
import { paraphraseConfigurations, sentimentConfigurations } from './easy-tasks';
import { synopsisConfigurations, translationConfigurations } from './generation';
import { declared, type Declared } from './study';

/** Every configuration of each block: `petl study synopsis --tier full` runs a whole line of the compute plan. */
const blockConfigurations: readonly (readonly [
  block: Block,
  configurations: readonly Configuration[],
  notebook: string,
])[] = [
  [sentimentBlock, sentimentConfigurations, 'notebooks/04-existing-methods-and-budgets.ipynb'],
  [paraphraseBlock, paraphraseConfigurations, 'notebooks/04-existing-methods-and-budgets.ipynb'],
  [translationBlock, translationConfigurations, 'notebooks/08-mix-and-match.ipynb'],
  [synopsisBlock, synopsisConfigurations, 'notebooks/08-mix-and-match.ipynb'],
];

export const blockStudies: readonly Declared[] = blockConfigurations.map(([block, configurations, notebook]) =>
  declared(block.name, (tier) => ({
    title: `Everything that runs on ${block.task}`,
    source: 'He et al. 2021',
    rows: [],
    notebook,
    variants: configurations.map((config) => variantOf(config, [block], tier)),
    also: (method) => variantOf(configuration(method, method), [block], tier),
  })),
);
