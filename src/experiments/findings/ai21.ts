import { configuration } from '../studies/block';
import { dataFractions, fractionsOf, manyAtOnce, manyHeadline } from '../studies/frozen';
import { readerFindings } from './ai21-reader';
import { claims } from './finding';
import { recursion } from './recursive';
import type { Finding } from './verdict';

const notebook = 'notebooks/12-standing-on-frozen-shoulders.ipynb';

/** Relations alone are published, so that no comparison has a control and delta is 0.03 nat. */
type Row = Pick<Finding, 'id' | 'source' | 'text' | 'links'> & Partial<Pick<Finding, 'standing' | 'mute' | 'worstOf'>>;

function written(): readonly Row[] {
  const { block } = manyAtOnce;
  const { full, prompt, written: own, shuffled, constant } = manyAtOnce.configurations();
  const here = claims(block.name, block.task);
  const parts = claims(dataFractions.studyName, block.task);
  const [tenth, , half] = fractionsOf(own, block.training.full.examples as number).map((part) => part.configuration);
  const section = 'Section on input-dependent prompts';
  const [smallPrompt, smallOwn] = manyHeadline('full')
    .variants.slice(0, 2)
    .map(({ name, label }) => configuration(name, label));
  return [
    {
      ...{ id: 'D1', source: section },
      text: 'In many tasks at once, input-dependent prompts beat a fixed prompt and match full multi-task tuning',
      worstOf: 2,
      links: [here.greater(own, prompt), here.atLeast(own, full)],
    },
    {
      ...{ id: 'D2', source: section, text: 'They need about half of the training data' },
      links:
        half === undefined || tenth === undefined
          ? []
          : [parts.atLeast(half, full), parts.atLeast(half, own), parts.greater(half, tenth)],
    },
    {
      ...{ id: 'D3', source: 'Method', text: 'The gain vanishes when the prompt no longer depends on the input' },
      worstOf: 4,
      links: [
        here.greater(own, shuffled),
        here.greater(own, constant),
        here.atLeast(prompt, shuffled),
        here.atLeast(prompt, constant),
      ],
    },
    {
      ...{ id: 'D4', source: 'Method', text: 'Size and kind of the prompt generator', links: [] },
      mute: 'the paper compares no generators: the study shows five of them, and judges none',
    },
    {
      ...{ id: 'D5', source: section, text: 'They add about 1% to inference time' },
      mute: "a generator that reads with MiniLM is a sixth of SmolLM2, the paper's 0.3% of its model: shown, not judged",
      links:
        smallOwn === undefined || smallPrompt === undefined
          ? []
          : [claims(manyHeadline.studyName, block.task).ratio(smallOwn, smallPrompt, 'scoring time', [1, 1.05])],
    },
  ];
}

/** Levine et al. 2022. */
export const ai21: readonly Finding[] = [...written(), ...readerFindings(), ...recursion()].map((row): Finding => ({
  standing: 'claim',
  ...row,
  paper: 'ai21',
  notebook,
}));
