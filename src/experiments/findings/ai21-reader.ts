import type { Link, ScoreLink } from '../statistics/link';
import type { Configuration } from '../studies/block';
import { asItIs, promptReader, readers, reading, smallReader } from '../studies/reader';
import type { Finding } from './verdict';

type Row = Pick<Finding, 'id' | 'source' | 'text' | 'links'> & Partial<Pick<Finding, 'worstOf'>>;

/** A reader on one arm of the task. */
type Reading = readonly [reader: Configuration, arm: string];

const source = 'Section on frozen readers';
const { task } = reading.block;

/** @param sides of each the readers, whose scores are added up */
function link(
  kind: ScoreLink['kind'],
  [first, second]: readonly [readonly Reading[], readonly Reading[]],
  more: Partial<Pick<ScoreLink, 'across'>> = {},
): Link {
  const names = (side: readonly Reading[]): readonly string[] => side.map(([{ name }]) => name);
  const arms = [...first, ...second].map(([, arm]) => arm);
  return { kind, study: readers.studyName, task, first: names(first), second: names(second), arms, ...more };
}

/**
 * Relations alone are published, so that no comparison has a control and delta is 0.01 of exact match. Passages, orders
 * and retrievers are compared under one trained reader, question by question.
 */
export function readerFindings(): readonly Row[] {
  const prompt = promptReader();
  const untrained = asItIs(reading.block);
  const on = (arm: string): Reading => [prompt, arm];
  const above = (first: Reading, second: Reading): Link => link('greater', [[first], [second]]);
  return [
    {
      ...{ id: 'D6', source, text: "Re-ranked passages are better than the retriever's order" },
      links: [above(on('reranked 4'), on('union 4')), above(on('reranked 1'), on('union 1'))],
    },
    {
      ...{ id: 'D7', source, text: 'More passages in the window help, then flatten' },
      links: [
        above(on('reranked 4'), on('reranked 1')),
        // a doubling from one passage to two gains more than one from four to eight
        link('greater', [
          [on('reranked 2'), on('reranked 4')],
          [on('reranked 1'), on('reranked 8')],
        ]),
      ],
    },
    {
      ...{ id: 'D8', source, text: 'A mixed retriever beats a dense one' },
      links: [above(on('reranked 4'), on('dense-reranked 4')), above(on('union 4'), on('dense 4'))],
    },
    {
      ...{ id: 'D9', source, text: 'A large frozen reader equals the best fine-tuned one' },
      links: [link('atLeast', [[on('reranked 4')], [[smallReader(), 'reranked 4']]], { across: 'models' })],
    },
    {
      ...{ id: 'D10', source, text: 'A trained prompt beats zero-shot and few-shot reading' },
      // both, as `petl ask` asks a model as it is and as a text goes on
      worstOf: 4,
      links: ['reranked 4 in chat form', 'reranked 4'].flatMap((arm) => [
        above(on('reranked 4'), [untrained, arm]),
        above(on('reranked 4'), [untrained, `${arm} behind 2 examples`]),
      ]),
    },
  ];
}
