import { adamInPlace } from '../engine/adam';
import { tf, type Tensor, type Tensors } from '../engine/tf';
import { disposeTree } from '../engine/tree';
import type { OptimizerSettings } from './job';
import type { Group, TrainState } from './optimizer';

/** What an update is fed: `scalars` as `stepScalars` gives them, and what every gradient is multiplied by, if anything. */
export type Feed = { readonly scalars: Tensor; readonly factor: readonly Tensor[] };

/** More trained numbers than this are updated group by group, so that old and new state never both exist whole. */
export const groupSize = 4_194_304;

/** Updates every tensor where it stands, one after another, and frees its gradient. */
export function updateInPlace(
  state: TrainState,
  slopes: Tensors,
  { scalars, factor }: Feed,
  { beta1, beta2, weightDecay }: OptimizerSettings,
): TrainState {
  const next = emptyState();
  const by = factor[0]?.clone() ?? tf.scalar(1);
  for (const [name, weight] of Object.entries(state.variables)) {
    const [m, v, slope] = [state.m[name], state.v[name], slopes[name]] as [Tensor, Tensor, Tensor];
    const decays = weightDecay > 0 && weight.rank > 1;
    const made = adamInPlace({ w: weight, m, v }, slope, { scalars, factor: by }, { betas: [beta1, beta2], decays });
    slope.dispose();
    next.variables[name] = made.w;
    next.m[name] = made.m;
    next.v[name] = made.v;
  }
  by.dispose();
  return next;
}

/** Makes new tensors of old ones, and frees these, group after group. */
export function updateByGroups(
  { variables, m, v }: TrainState,
  slopes: Tensors,
  update: (group: Group, slopes: Tensor[]) => Group,
): TrainState {
  const next = emptyState();
  for (const names of groupsOf(variables)) {
    const pick = (record: Tensors): Tensor[] => names.map((name) => record[name] as Tensor);
    const old = { w: pick(variables), m: pick(m), v: pick(v) };
    const part = pick(slopes);
    const made = update(old, part);
    disposeTree([old.w, old.m, old.v, part]);
    names.forEach((name, i) => {
      next.variables[name] = made.w[i] as Tensor;
      next.m[name] = made.m[i] as Tensor;
      next.v[name] = made.v[i] as Tensor;
    });
  }
  return next;
}

interface Growing {
  readonly variables: Record<string, Tensor>;
  readonly m: Record<string, Tensor>;
  readonly v: Record<string, Tensor>;
}

const emptyState = (): Growing => ({ variables: {}, m: {}, v: {} });

/** Names in order, cut where a group would grow beyond `groupSize`. */
function groupsOf(variables: Tensors): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let room = 0;
  for (const [name, tensor] of Object.entries(variables)) {
    if (groups.length === 0 || tensor.size > room) {
      groups.push([]);
      room = groupSize;
    }
    (groups[groups.length - 1] as string[]).push(name);
    room -= tensor.size;
  }
  return groups;
}
