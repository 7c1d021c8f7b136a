import type { Tensors } from '../../engine/tf';
import type { ModelShape } from '../../model/shape';
import { UserError } from '../../errors';
import type { Method } from '../design/types';
import { asksForShift } from '../forms/positions';
import { unfrozenNames } from '../forms/unfrozen';

/**
 * What of a method has no effect on this model, one line each with its name: weights asked for twice, a shift of
 * positions that are
 * not learned, a residual that is x, a rank budget that keeps every direction.
 */
export function warningsFor(method: Method, shape: ModelShape): readonly string[] {
  const covered = method.unfrozen.filter((part, i) => {
    const rest = { ...method, unfrozen: method.unfrozen.filter((_, j) => j !== i) };
    const rows = part.kind === 'tokenRows' || part.kind === 'tokens';
    return !rows && unfrozenNames(rest, shape).length === unfrozenNames(method, shape).length;
  });
  const same = shape.norm.place === 'post' && method.modifications.some(({ reads }) => reads === 'residual');
  return [
    ...covered.map(({ kind }) => `training ${kind} adds nothing to what it trains already`),
    ...(asksForShift(method) && shape.positions.kind !== 'learned'
      ? [`positions=shifted has no effect on ${shape.positions.kind} positions`]
      : []),
    ...(same ? ['reads=residual has no effect: in a model that norms after the addition the residual is x'] : []),
    ...lifecycleWarnings(method, shape),
  ].map((text) => `${method.name}: ${text}`);
}

function lifecycleWarnings({ lifecycle, modifications }: Method, shape: ModelShape): readonly string[] {
  switch (lifecycle.kind) {
    case 'fixed':
      return [];
    case 'rankBudget': {
      const ranks = modifications.flatMap(({ form }) =>
        form.kind === 'bottleneck' && form.factors.kind === 'triplet' ? [form.r] : [],
      );
      return ranks.every((r) => lifecycle.target >= r)
        ? [`target=${lifecycle.target} prunes nothing of r=${Math.max(...ranks)}`]
        : [];
    }
    case 'layerDrop': {
      const deepest = Math.max(shape.encoderLayers, shape.decoderLayers);
      return lifecycle.first >= deepest ? [`first=${lifecycle.first} may drop all ${deepest} layers`] : [];
    }
  }
}

/** Throws where a task with a head would train without one. @param variables everything that trains */
export function demandHead(variables: Tensors, classes: number): void {
  if (classes > 0 && variables['head.weight'] === undefined)
    throw new UserError(
      `The head of ${classes} classes is not among the trained tensors: it would stay at its random start.`,
    );
}
