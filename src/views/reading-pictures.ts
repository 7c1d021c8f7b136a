import { UserError } from '../errors';
import { count } from '../petl/counts/count';
import { parseMethod } from '../petl/design/written';
import type { Figure } from '../plots/figure';
import { flowPicture, type FlowBox } from '../plots/flow-picture';
import {
  drawnOn,
  layersOf,
  tensorsOf,
  thousands,
  type Drawn,
  type SystemPicture,
  type TensorRow,
} from './system-pictures';

/** What `petl index` trains to order passages. */
const reranker = { model: 'minilm-l6', method: 'lora:r=16' } as const;

type Place = readonly [column: number, row: number];
const box = (look: FlowBox['look'], name: string, [column, row]: Place, ...lines: readonly string[]): FlowBox => ({
  ...{ name, column, row, look },
  lines: lines.length === 0 ? [name] : lines,
});
const tall = (one: FlowBox): FlowBox => ({ ...one, rows: 2 });

interface Prompted extends Drawn {
  readonly prompt: readonly TensorRow[];
  readonly trained: number;
  readonly backbone: number;
}

function promptedOn(written: string, options: SystemPicture): Prompted {
  const drawn = drawnOn(options);
  const method = parseMethod(written);
  const { trained, backbone } = count(method, drawn.shape);
  const prompt = tensorsOf(method, drawn.shape, 'prompt');
  if (prompt.length === 0 || prompt.reduce((sum, { elements }) => sum + elements, 0) !== trained)
    throw new UserError(`${written} is not a prompt alone: draw one such as prompt:l=20`);
  return { ...drawn, prompt, trained, backbone };
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toPrecision(2)}%`;

/**
 * An open question on its way to an answer (Levine et al. 2022, section on frozen readers): passages found by words and
 * by meaning, ordered by a trained re-ranker, read by a frozen model behind the reader's own prompt.
 * @param written the reader's prompt
 * @throws UserError where the method is no prompt, or more than one
 */
export function drawReader(written: string, options: SystemPicture = {}): Figure {
  const drawn = promptedOn(written, options);
  const { prompt, trained, backbone, model, width } = drawn;
  const ordered = count(parseMethod(reranker.method), drawnOn({ model: reranker.model }).shape).trained;
  const subtitle = `${written} on ${model}: ${thousands(trained)} trained (${percent(trained, backbone)})`;
  const numbers = [...prompt, { tensor: 're-ranker', shape: '', elements: ordered }];
  const steps = [
    ...['question words', 'question meaning', 'words found', 'meaning found', 'found re-ranker'],
    ...['re-ranker packed', 'packed model', 'prompt model', 'model answer'],
  ];
  const arrows = steps.map((step) => step.split(' ') as [from: string, to: string]);
  return flowPicture(
    { name: 'reader', title: 'A frozen reader', subtitle, width },
    { columns: 6, rows: 2, boxes: readerBoxes(drawn, ordered), arrows, numbers },
  );
}

function readerBoxes({ prompt, backbone, model, shape }: Prompted, ordered: number): readonly FlowBox[] {
  const read = `${reranker.model} with ${reranker.method}`;
  const sizes = prompt.map((row) => `prompt [${row.shape}]`);
  const elements = prompt.reduce((sum, row) => sum + row.elements, 0);
  return [
    tall(box('plain', 'question', [0, 0])),
    box('plain', 'words', [1, 0], 'by words', 'BM25 over stems, 100'),
    box('frozen', 'meaning', [1, 1], 'by meaning', 'MiniLM [384], cosine, 100'),
    tall(box('plain', 'found', [2, 0], 'Σ 1/(60 + rank)', 'the best 20')),
    box(
      'trained',
      're-ranker',
      [3, 0],
      're-ranker',
      read,
      `${thousands(ordered)} trained`,
      '(question, passage) → [2]',
    ),
    box('plain', 'packed', [3, 1], 'passages until the window is full, and the question'),
    box('trained', 'prompt', [4, 0], ...sizes, `${thousands(elements)} trained`),
    box('frozen', 'model', [4, 1], model, `${layersOf(shape)}, ${thousands(backbone)} frozen`),
    box('plain', 'answer', [5, 1]),
  ];
}

/**
 * Two passes by text (Levine et al. 2022, section on textual recursion): a first prompt's sampled answers, and the
 * question behind them, read by the same frozen model with a prompt of its own.
 * @param written the prompt of each pass
 * @param answers how many are sampled
 * @throws UserError where the method is no prompt, or more than one
 */
export function drawByText(written: string, answers: number, options: SystemPicture = {}): Figure {
  const { prompt, trained, backbone, model, width } = promptedOn(written, options);
  const subtitle = `${written} in each pass: 2 x ${thousands(trained)} trained (${percent(2 * trained, backbone)})`;
  const passes = [1, 2].flatMap((n): readonly FlowBox[] => [
    box('trained', `prompt ${n}`, [2 * n - 1, 0], ...prompt.map((row) => `prompt ${n} [${row.shape}]`)),
    box('frozen', `pass ${n}`, [2 * n - 1, 1], model, `pass ${n}: the same frozen weights`),
  ]);
  const boxes = [
    box('plain', 'question', [0, 1]),
    box('plain', 'answers', [2, 1], `${answers} sampled answers`, 'from one reading, and the question'),
    ...passes,
    box('plain', 'answer', [4, 1]),
  ];
  const chain = ['question', 'pass 1', 'answers', 'pass 2', 'answer'];
  const arrows = [
    ...chain.slice(1).map((to, i) => [chain[i] ?? '', to] as const),
    ...[1, 2].map((n) => [`prompt ${n}`, `pass ${n}`] as const),
  ];
  const numbers = [1, 2].flatMap((n) => prompt.map((row) => ({ ...row, tensor: `${row.tensor} of pass ${n}` })));
  return flowPicture(
    { name: 'by-text', title: 'A frozen model that reads its own answers', subtitle, width },
    { columns: 5, rows: 2, boxes, arrows, numbers },
  );
}
