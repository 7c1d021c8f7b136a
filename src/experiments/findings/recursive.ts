import {
  closedBook,
  elsewhere,
  forgotten,
  manyAnswers,
  nothingForgotten,
  readingMore,
  sizedConfigurations,
  twiceOrLarge,
} from '../studies/recursive';
import type { Link, ScoreLink } from '../statistics/link';
import { claims, flattens } from './finding';
import type { Finding } from './verdict';

type Row = Pick<Finding, 'id' | 'source' | 'text' | 'links'> & Partial<Pick<Finding, 'standing' | 'mute'>>;

const textual = 'Section on textual recursion';
const neural = 'Section on neural recursion';

/** Recursion by text and by a connector, and what a frozen model keeps: D11 to D17. */
export function recursion(): readonly Row[] {
  const here = claims(closedBook.block.name, closedBook.block.task);
  const all = closedBook.configurations();
  const { prompt, twice, 'twice:pretrained': pretrained, 'prompt:textual': byText } = all;
  const more = claims(manyAnswers.studyName, closedBook.block.task);
  const [one, four, eight] = readingMore();
  const sized = claims(twiceOrLarge.studyName, closedBook.block.task);
  const sizes = sizedConfigurations();
  return [
    {
      ...{ id: 'D11', source: textual, text: 'A second pass through the same frozen model gains 1.8 points' },
      // of its scores the paper prints the difference alone
      links: [{ ...(here.greater(byText, prompt) as ScoreLink), points: 1.8 / 2 }],
    },
    {
      ...{ id: 'D12', source: textual, text: 'More sampled candidates help' },
      links:
        one === undefined || four === undefined || eight === undefined
          ? []
          : [
              more.greater(eight.configuration, one.configuration),
              more.greater(eight.configuration, four.configuration),
              flattens(more, [
                [one.configuration, one.count],
                [four.configuration, four.count],
                [eight.configuration, eight.count],
              ]),
            ],
    },
    {
      ...{ id: 'D13', source: neural, text: 'A connector between two passes beats one pass' },
      links: [here.greater(pretrained, prompt), here.atLeast(pretrained, byText)],
    },
    {
      ...{ id: 'D14', source: neural, text: 'Pretraining the connector is vital' },
      links: [here.greater(pretrained, twice)],
    },
    {
      ...{ id: 'D15', source: neural, text: 'The same pretraining hardly helps prompt tuning' },
      // it gives the connector more than the prompt, and the prompt no more than a point
      links: [
        here.greater([pretrained, prompt], [twice, all['prompt:pretrained']]),
        here.atLeast(prompt, all['prompt:pretrained']),
      ],
    },
    {
      ...{ id: 'D16', source: neural, text: 'Two passes of a small model against one of a model twice the size' },
      mute: 'the paper prints no outcome that could be had: both are shown with what their training took, and not judged',
      links: [
        sized.ratio(sizes.smallTwice, sizes.large, 'training time', [0.75, 1.33]),
        sized.greater(sizes.largeTwice, sizes.large),
      ],
    },
    {
      ...{ id: 'D17', source: 'Introduction', text: 'Frozen models lose nothing on other tasks' },
      links: elsewhere.flatMap(forgottenLinks),
    },
  ];
}

/**
 * Worse after full fine-tuning for another task: that could fail, and decides. Beside modules that are off the model is
 * itself, bit for bit, as long as nothing else was trained.
 */
function forgottenLinks(task: string): readonly Link[] {
  const on = claims(nothingForgotten.studyName, task);
  const { before, module, full } = forgotten();
  const weighed = (link: Link): Link => (link.kind === 'ratio' ? link : { ...link, varies: 'weights' });
  return [on.greater(before, full), on.near(module, before)].map(weighed);
}
