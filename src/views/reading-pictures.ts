import { UserError } from '../errors';
import { count } from '../petl/counts/count';
import { parseMethod } from '../petl/design/written';
import type { Figure } from '../plots/figure';
import { flowPicture, type FlowBox } from '../plots/flow-picture';
import { drawnOn, layersOf, tensorsOf, thousands, type SystemPicture } from './system-pictures';

/** What `petl index` trains to order passages. */
const reranker = { model: 'minilm-l6', method: 'lora:r=16' } as const;

/**
 * An open question on its way to an answer (Levine et al. 2022, section on frozen readers): passages found by words and
 * by meaning, ordered by a trained re-ranker, read by a frozen model behind the reader's own prompt.
 * @param written the reader's method, `none` for the model as it is
 * @throws UserError where the method is more than a prompt
 */
export function drawReader(written: string, options: SystemPicture = {}): Figure {
  const { shape, model, width } = drawnOn(options);
  const method = parseMethod(written);
  const prompt = tensorsOf(method, shape, 'prompt');
  const { trained, backbone } = count(method, shape);
  if (prompt.reduce((sum, { elements }) => sum + elements, 0) !== trained)
    throw new UserError(`${written} is more than a prompt: draw a reader such as prompt:l=20`);
  const ordered = count(parseMethod(reranker.method), drawnOn({ model: reranker.model }).shape);
  const boxes: readonly FlowBox[] = [
    { name: 'question', column: 0, row: 0, rows: 2, lines: ['question'], look: 'plain' },
    { name: 'words', column: 1, row: 0, lines: ['by words', 'BM25 over stems, 100'], look: 'plain' },
    { name: 'meaning', column: 1, row: 1, lines: ['by meaning', 'MiniLM [384], cosine, 100'], look: 'frozen' },
    { name: 'found', column: 2, row: 0, rows: 2, lines: ['Σ 1/(60 + rank)', 'the best 20'], look: 'plain' },
    {
      ...{ name: 'reranker', column: 3, row: 0, look: 'trained' },
      lines: [
        're-ranker',
        `${reranker.model} with ${reranker.method}`,
        `${thousands(ordered.trained)} trained`,
        '(question, passage) → [2]',
      ],
    },
    {
      name: 'packed',
      column: 3,
      row: 1,
      lines: ['passages until the window is full, and the question'],
      look: 'plain',
    },
    ...prompt.map((row): FlowBox => ({
      name: 'prompt',
      column: 4,
      row: 0,
      lines: [`prompt [${row.shape}]`, `${thousands(row.elements)} trained`],
      look: 'trained',
    })),
    {
      name: 'model',
      column: 4,
      row: 1,
      lines: [model, `${layersOf(shape)}, ${thousands(backbone)} frozen`],
      look: 'frozen',
    },
    { name: 'answer', column: 5, row: 1, lines: ['answer'], look: 'plain' },
  ];
  const share = `${thousands(trained)} trained (${((100 * trained) / backbone).toPrecision(2)}%)`;
  return flowPicture(
    { name: 'reader', title: 'A frozen reader', subtitle: `${written} on ${model}: ${share}`, width },
    {
      ...{
        columns: 6,
        rows: 2,
        boxes,
        numbers: [...prompt, { tensor: 're-ranker', shape: '', elements: ordered.trained }],
      },
      arrows: [
        ...([
          ['question', 'words'],
          ['question', 'meaning'],
          ['words', 'found'],
          ['meaning', 'found'],
        ] as const),
        ...([
          ['found', 'reranker'],
          ['reranker', 'packed'],
          ['packed', 'model'],
          ['model', 'answer'],
        ] as const),
        ...prompt.map(() => ['prompt', 'model'] as const),
      ],
    },
  );
}

/**
 * Two passes by text (Levine et al. 2022, section on textual recursion): a first prompt's sampled answers, and the question
 * behind them, read by the same frozen model with a prompt of its own.
 * @param written the method of each pass
 * @param answers how many are sampled
 */
export function drawByText(written: string, answers: number, options: SystemPicture = {}): Figure {
  const { shape, model, width } = drawnOn(options);
  const method = parseMethod(written);
  const prompt = tensorsOf(method, shape, 'prompt');
  const [first] = prompt;
  if (first === undefined) throw new UserError(`${written} has no prompt: draw one such as prompt:l=20`);
  const { trained, backbone } = count(method, shape);
  const pass = (n: number): FlowBox => ({
    name: `pass ${n}`,
    column: 2 * n - 1,
    row: 1,
    lines: [model, `pass ${n}: the same frozen weights`],
    look: 'frozen',
  });
  const own = (n: number): FlowBox => ({
    name: `prompt ${n}`,
    column: 2 * n - 1,
    row: 0,
    lines: [`prompt ${n} [${first.shape}]`],
    look: 'trained',
  });
  const boxes: readonly FlowBox[] = [
    { name: 'question', column: 0, row: 1, lines: ['question'], look: 'plain' },
    ...[own(1), pass(1)],
    {
      name: 'answers',
      column: 2,
      row: 1,
      lines: [`${answers} sampled answers`, 'from one reading, and the question'],
      look: 'plain',
    },
    ...[own(2), pass(2)],
    { name: 'answer', column: 4, row: 1, lines: ['answer'], look: 'plain' },
  ];
  return flowPicture(
    {
      ...{ name: 'by-text', title: 'A frozen model that reads its own answers', width },
      subtitle: `${written} in each pass: 2 x ${thousands(trained)} trained (${((200 * trained) / backbone).toPrecision(2)}%)`,
    },
    {
      ...{
        columns: 5,
        rows: 2,
        boxes,
        numbers: [1, 2].flatMap((n) => prompt.map((row) => ({ ...row, tensor: `${row.tensor} of pass ${n}` }))),
      },
      arrows: [
        ...([
          ['question', 'pass 1'],
          ['prompt 1', 'pass 1'],
          ['pass 1', 'answers'],
        ] as const),
        ...([
          ['answers', 'pass 2'],
          ['prompt 2', 'pass 2'],
          ['pass 2', 'answer'],
        ] as const),
      ],
    },
  );
}
