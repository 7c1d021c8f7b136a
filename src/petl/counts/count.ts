import type { ModelShape } from '../../model/shape';
import { backbone, weightShapes } from '../../model/shapes';
import { collapsedMethod } from '../design/collapsed';
import type { Method } from '../design/types';
import { sizeOf, type VariableSpec } from '../forms/spec';
import { unfrozenNames } from '../forms/unfrozen';
import { specsOf } from '../forms/variables';
import { unreached } from './reach';

/** Parameters of a method on a model, summed over the sizes of its variables: no tensor is made. */
export interface Counts {
  /** Parameters of the frozen model: the denominator. */
  readonly backbone: number;
  /** Elements with gradient, the task's head apart. */
  readonly trained: number;
  /** Trained elements that the loss of this architecture can reach. */
  readonly used: number;
  /** Elements of the saved file: a prefix instead of its MLP, constants that cannot be redrawn. */
  readonly stored: number;
  /** Weights and biases of a linear head with `classes` outputs. */
  readonly head: number;
  /** What the method's source counts (see `Method.counted`): the numerator of the published percentages. */
  readonly paper: number;
  /** paper / backbone. */
  readonly share: number;
}

/**
 * What a method trains and stores beside a frozen model of this shape, in closed form: nothing is built.
 * @param classes outputs of the task's head, 0 where the model's own language-model head is used
 */
export function count(method: Method, shape: ModelShape, classes = 0): Counts {
  const weights = weightShapes(shape);
  const unfrozen = total(unfrozenNames(method, shape).map((name) => sizeOf(weights[name] ?? [])));
  const collapsed = specsOf(collapsedMethod(method), shape);
  const all = backbone(shape);
  const trained = unfrozen + sum(specsOf(method, shape), (spec) => spec.trained);
  const paper = paperCount(method, collapsed, { unfrozen, all });
  return {
    backbone: all,
    trained,
    used: trained - unreached(method, shape),
    stored: unfrozen + sum(collapsed, (spec) => spec.stored),
    head: classes * (shape.width + 1),
    paper,
    share: paper / all,
  };
}

/** Full fine-tuning counts the whole model, its pooler and what else no loss reaches included. */
function paperCount(
  { counted, unfrozen: parts }: Method,
  collapsed: readonly VariableSpec[],
  { unfrozen, all }: { readonly unfrozen: number; readonly all: number },
): number {
  const full = parts.some(({ kind }) => kind === 'all');
  const alone = full || counted === 'matrices';
  const ofForm = ({ modification }: VariableSpec): boolean => !full || typeof modification === 'number';
  const own = sum(collapsed, (spec) => spec.trained && ofForm(spec) && !(alone && spec.beside));
  return (full ? all : unfrozen) + own;
}

function sum(specs: readonly VariableSpec[], counts: (spec: VariableSpec) => boolean): number {
  return total(specs.filter(counts).map(({ shape }) => sizeOf(shape)));
}

function total(sizes: readonly number[]): number {
  return sizes.reduce((sums, size) => sums + size, 0);
}
