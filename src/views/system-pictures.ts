import { shapeNamed } from '../experiments/store/counts';
import { UserError } from '../errors';
import type { ModelShape } from '../model/shape';
import { count } from '../petl/counts/count';
import type { Method } from '../petl/design/types';
import { parseMethod } from '../petl/design/written';
import { sizeOf } from '../petl/forms/spec';
import { specsOf } from '../petl/forms/variables';
import type { Cell, Figure } from '../plots/figure';
import { flowPicture, type FlowBox } from '../plots/flow-picture';
import { pixelsOf } from '../plots/size';

/** With which model a system is drawn, and how wide. */
export interface SystemPicture {
  /** A name of `petl models`, a well-known backbone's or a folder. */
  readonly model?: string;
  /** CSS pixels, or `174mm`; 940 where left out. */
  readonly width?: string | number;
}

export const thousands = (value: number): string => value.toLocaleString('en-US');

export interface Drawn {
  readonly shape: ModelShape;
  readonly model: string;
  readonly width: number;
}

/** @throws UserError on a model or a width that is none */
export function drawnOn({ model = 'minilm-l6', width = 940 }: SystemPicture): Drawn {
  return { shape: shapeNamed(model), model, width: pixelsOf(width) };
}

/** `down.weight` of `connector.down.weight`. */
const short = (tensor: string): string => tensor.replace(/^(prompt|connector)\./, '');

export const layersOf = ({ encoderLayers, decoderLayers }: ModelShape): string =>
  `${encoderLayers + decoderLayers} layers`;

/**
 * A bank: one frozen model, and for each task a delta that a request of that task goes through.
 * @param tasks the written method of each task, by its name
 * @throws UserError where there is no task, and on a method that the model cannot have
 */
export function drawBank(tasks: Readonly<Record<string, string>>, options: SystemPicture = {}): Figure {
  const { shape, model, width } = drawnOn(options);
  const rows = Object.entries(tasks).map(([task, written]) => ({
    task,
    written,
    counts: count(parseMethod(written), shape),
  }));
  if (rows.length === 0) throw new UserError('a bank is drawn of at least one task: { sentiment: "houlsby:m=32" }');
  const stored = rows.reduce((sum, { counts }) => sum + counts.stored, 0);
  const backbone = rows[0]?.counts.backbone ?? 0;
  const boxes = rows.flatMap(({ task, written, counts }, row): readonly FlowBox[] => [
    { name: `${task} in`, column: 0, row, lines: [`a text for ${task}`], look: 'plain' },
    { name: task, column: 2, row, lines: [written, `${thousands(counts.stored)} stored`], look: 'trained' },
    { name: `${task} out`, column: 3, row, lines: [`head and answer of ${task}`], look: 'plain' },
  ]);
  const frozen: FlowBox = {
    name: 'model',
    column: 1,
    row: 0,
    rows: rows.length,
    lines: [model, `${layersOf(shape)} of width ${shape.width}`, `${thousands(backbone)} frozen, once in memory`],
    look: 'frozen',
  };
  const share = `${(1 + stored / backbone).toPrecision(3)} models instead of ${rows.length}`;
  return flowPicture(
    { name: 'bank', title: 'One frozen model, many tasks', subtitle: `${rows.length} tasks in ${share}`, width },
    {
      columns: 4,
      rows: rows.length,
      boxes: [frozen, ...boxes],
      arrows: rows.flatMap(({ task }) => [
        [`${task} in`, 'model'] as const,
        ['model', task] as const,
        [task, `${task} out`] as const,
      ]),
      numbers: rows.map(({ task, written, counts }) => ({
        task,
        method: written,
        stored: counts.stored,
        trained: counts.trained,
      })),
    },
  );
}

/**
 * How a prompt is written from the input (Levine et al. 2022, section 2): what is frozen, and each trained tensor of the
 * generator with its shape.
 * @throws UserError where the method has no prompt that is written
 */
export function drawGenerator(written: string, options: SystemPicture = {}): Figure {
  const { shape, model, width } = drawnOn(options);
  const method = parseMethod(written);
  const { prompt } = method;
  if (prompt.kind !== 'written')
    throw new UserError(`${written} writes no prompt from the input: draw one such as id-prompt:l=20,q=128`);
  const rows = tensorsOf(method, shape, 'prompt');
  const tensors = rows.map(({ tensor, shape: of }) => `${short(tensor)} [${of}]`);
  const encoder =
    prompt.encoder.kind === 'own' ? `the lowest ${prompt.encoder.layers} layers of ${model}` : prompt.encoder.name;
  const boxes: readonly FlowBox[] = [
    { name: 'x', column: 0, row: 0, rows: 2, lines: ['x', 'the input'], look: 'plain' },
    { name: 'E', column: 1, row: 0, lines: [`E: ${encoder}`, 'E(x) [n, e], frozen'], look: 'frozen' },
    { name: 'P', column: 2, row: 0, lines: ['P0 asks E(x)', ...tensors], look: 'trained' },
    { name: 'p', column: 3, row: 0, lines: [`p(x) [${prompt.length}, d]`], look: 'plain' },
    { name: 'model', column: 3, row: 1, lines: [model, 'reads [p(x); x], frozen'], look: 'frozen' },
    { name: 'y', column: 4, row: 1, lines: ['the target'], look: 'plain' },
  ];
  const { trained, backbone } = count(method, shape);
  const title = 'A prompt written from the input';
  const subtitle = `${written}: ${thousands(trained)} trained (${((100 * trained) / backbone).toPrecision(2)}%)`;
  return flowPicture(
    { name: 'generator', title, subtitle, width },
    {
      columns: 5,
      rows: 2,
      boxes,
      arrows: [
        ['x', 'E'],
        ['E', 'P'],
        ['P', 'p'],
        ['p', 'model'],
        ['x', 'model'],
        ['model', 'y'],
      ],
      numbers: rows,
    },
  );
}

/**
 * A frozen model that runs twice (Levine et al. 2022, section on neural recursion): the connector between both passes
 * with its tensors, and what else the method adds, over one copy of the weights.
 * @throws UserError where the method has one pass
 */
export function drawTwice(written: string, options: SystemPicture = {}): Figure {
  const { shape, model, width } = drawnOn(options);
  const method = parseMethod(written);
  if (method.passes.kind !== 'twice')
    throw new UserError(`${written} runs once: draw a method with twice, such as prompt:l=20+twice:r=64`);
  const between = tensorsOf(method, shape, 'connector');
  const prompt = tensorsOf(method, shape, 'prompt');
  const pass = (n: number): readonly string[] => [model, `pass ${n}: the same frozen weights`];
  const lines = (rows: typeof between): readonly string[] =>
    rows.map(({ tensor, shape: of }) => `${short(tensor)} [${of}]`);
  const boxes: readonly FlowBox[] = [
    { name: 'x', column: 0, row: 1, lines: ['x'], look: 'plain' },
    ...(prompt.length === 0
      ? []
      : [{ name: 'prompt', column: 1, row: 0, lines: lines(prompt), look: 'trained' as const }]),
    { name: 'one', column: 1, row: 1, lines: pass(1), look: 'frozen' },
    { name: 'connector', column: 2, row: 1, lines: ['connector', ...lines(between)], look: 'trained' },
    { name: 'two', column: 3, row: 1, lines: pass(2), look: 'frozen' },
    { name: 'y', column: 4, row: 1, lines: ['y'], look: 'plain' },
  ];
  const arrows: readonly (readonly [string, string])[] = [
    ['x', 'one'],
    ...(prompt.length === 0 ? [] : [['prompt', 'one'] as const]),
    ['one', 'connector'],
    ['connector', 'two'],
    ['two', 'y'],
  ];
  const { trained, backbone } = count(method, shape);
  const share = `${thousands(trained)} trained (${((100 * trained) / backbone).toPrecision(2)}%)`;
  return flowPicture(
    {
      name: 'twice',
      title: 'A frozen model that runs twice',
      subtitle: `${written}: ${share}, one copy in memory`,
      width,
    },
    { columns: 5, rows: 2, boxes, arrows, numbers: [...prompt, ...between] },
  );
}

export interface TensorRow extends Readonly<Record<string, Cell>> {
  readonly tensor: string;
  readonly shape: string;
  readonly elements: number;
}

/** What a method trains in front of the model, or between its passes. */
export function tensorsOf(method: Method, shape: ModelShape, part: 'prompt' | 'connector'): readonly TensorRow[] {
  return specsOf(method, shape)
    .filter(({ modification, trained }) => modification === part && trained)
    .map((spec) => ({ tensor: spec.name, shape: spec.shape.join(', '), elements: sizeOf(spec.shape) }));
}
