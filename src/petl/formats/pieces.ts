import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import { layersOf, stacksOf, weightShapes } from '../../model/shapes';
import type { Site, Stack } from '../../model/site';
import type { Change, Method, Modification, Reads } from '../design/types';
import { formName, placeName, placesOf, type Place } from '../design/places';
import { method as methodOf } from '../design/methods';
import { projectionName } from '../forms/spec';
import { unfrozenNames } from '../forms/unfrozen';
import { specsOf } from '../forms/variables';
import type { Named, Values } from './values';

/** One modification at one place with its tensors: what methods of all libraries come apart into. */
export interface Piece {
  readonly stack: Stack;
  readonly layer: number;
  readonly site: Site;
  readonly reads: Reads;
  readonly change: Change;
  /**
   * By the variables' last words: `down`, `up.bias`, `keys`, `gate.weight`; `random.down` and `random.up` for
   * projections that places share.
   */
  readonly parts: Named;
}

/**
 * Modifications from pieces that differ in their layer alone, and the tensors under the names that the method gives
 * them.
 */
export function assemble(
  pieces: readonly Piece[],
  shape: ModelShape,
): { readonly modifications: readonly Modification[]; readonly tensors: Named } {
  const groups = new Map<string, Piece[]>();
  for (const piece of pieces) {
    const key = JSON.stringify([piece.site, piece.reads, piece.change]);
    groups.set(key, [...(groups.get(key) ?? []), piece]);
  }
  const made = [...groups.values()].flatMap((group) => modificationsOf(group, shape));
  const modifications = made.map(({ modification }) => modification);
  const tensors: Record<string, Values> = {};
  made.forEach(({ members }, index) => {
    const form = formName({ modifications }, index);
    for (const { stack, layer, site, change, parts } of members) {
      for (const [part, values] of Object.entries(parts))
        tensors[sharedName(change, part, values) ?? `${placeName(stack, layer, site)}.${form}.${part}`] = values;
    }
  });
  return { modifications, tensors };
}

/** `random.1.down.32x4` of the part `random.down`. */
function sharedName({ form }: Change, part: string, { shape }: Values): string | undefined {
  const side = /^random\.(down|up)$/.exec(part)?.[1] as 'down' | 'up' | undefined;
  return side === undefined || form.kind !== 'bottleneck' || form.factors.kind !== 'frozenRandom'
    ? undefined
    : projectionName(form.factors.seed, side, shape);
}

/** The names of the parts that a change has at its place; those that places share are not among them. */
export function wantedParts(piece: Omit<Piece, 'parts'>, shape: ModelShape): ReadonlySet<string> {
  const { modifications } = assemble([{ ...piece, parts: {} }], shape);
  const method = methodOf('', { modifications });
  const prefix = `${placeName(piece.stack, piece.layer, piece.site)}.${formName(method, 0)}.`;
  const names = specsOf(method, shape).map(({ name }) => name);
  return new Set(names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)));
}

interface Made {
  readonly modification: Modification;
  readonly members: readonly Piece[];
}

/** One modification where every stack has all its layers, one for each stack otherwise. */
function modificationsOf(group: readonly Piece[], shape: ModelShape): readonly Made[] {
  const stacks = stacksOf(shape).filter((stack) => group.some((piece) => piece.stack === stack));
  const { site, reads, change } = group[0] as Piece;
  const whole = stacks.every(
    (stack) => group.filter((piece) => piece.stack === stack).length === layersOf(shape, stack),
  );
  if (whole) return [{ modification: { site, stacks, layers: 'all', reads, ...change }, members: group }];
  return stacks.map((stack) => {
    const members = group.filter((piece) => piece.stack === stack);
    return {
      modification: {
        site,
        stacks: [stack],
        layers: members.map(({ layer }) => layer).sort((a, b) => a - b),
        reads,
        ...change,
      },
      members,
    };
  });
}

/** The pieces of a method, in its order. @param tensors the stored ones by name */
export function takeApart(method: Method, tensors: Named, shape: ModelShape): readonly Piece[] {
  return method.modifications.flatMap((modification, index) => {
    const { site, stacks: _stacks, layers: _layers, reads, ...change } = modification;
    return placesOf(modification, shape).map((place) => {
      const { stack, layer, name } = place;
      const prefix = `${name}.${formName(method, index)}.`;
      const own = Object.entries(tensors)
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, values]) => [key.slice(prefix.length), values] as const);
      return {
        stack,
        layer,
        site,
        reads,
        change,
        parts: { ...Object.fromEntries(own), ...projections(change, tensors, place) },
      };
    });
  });
}

function projections({ form }: Change, tensors: Named, { reads, out }: Place): Named {
  if (form.kind !== 'bottleneck' || form.factors.kind !== 'frozenRandom') return {};
  const {
    r,
    factors: { seed },
  } = form;
  return {
    'random.down': tensors[projectionName(seed, 'down', [reads, r])] as Values,
    'random.up': tensors[projectionName(seed, 'up', [r, out])] as Values,
  };
}

/** Refuses tensors that the method on this model would not have, or of another shape. */
export function demandFit(source: string, method: Method, tensors: Named, shape: ModelShape): void {
  const sizes = weightShapes(shape);
  const own = unfrozenNames(method, shape).map((name) => ({ name, shape: sizes[name] ?? [], stored: true }));
  const all = [...specsOf(method, shape), ...own];
  const known = new Set(all.map(({ name }) => name));
  const strange = Object.keys(tensors).find((name) => !known.has(name));
  if (strange !== undefined)
    throw new UserError(
      `${source}: ${method.name} has no ${strange}: tensors and adapter_config.json belong to different adapters`,
    );
  for (const { name, shape: wanted, stored } of all) {
    const found = tensors[name];
    if (!stored || found?.shape.join() === wanted.join()) continue;
    const has = found === undefined ? 'is missing' : `has shape [${found.shape.join()}]`;
    throw new UserError(
      `${source}: ${name} ${has}, this model needs [${wanted.join()}]: load the adapter on the model it was trained on`,
    );
  }
}
