import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import { layersOf, stacksOf } from '../../model/shapes';
import { whyNotPutBack } from './composition';
import { wrongField, type Fit, type Reason } from './field';
import { misfitForm, wrongForm } from './forms';
import { isOptional, placesOf, readWidth, siteWidths } from './places';
import { noRoom } from './prefix';
import { passesKinds } from './passes';
import { promptKinds } from './prompt';
import { isHeads } from './reads';
import type { Method, Modification, Prompt } from './types';
import { sizeOf } from '../forms/spec';
import { specsOf } from '../forms/variables';
import { lifecycleKinds, tokenRowIds, unfrozenKinds } from './training';
import { layersListed, whereFields } from './where';
import { wrongOf } from './words';

type Check = readonly [fails: boolean, reason: string];

/** The first reason why a modification is no point of the design space, or undefined. Says what the types cannot. */
export function whyInvalidModification(modification: Modification): Reason {
  const { form, composition: _, ...where } = modification;
  return (
    whyNotPutBack(modification) ??
    wrongField(whereFields(form.kind), where, modification) ??
    whyMisplaced(modification) ??
    wrongForm(modification)
  );
}

function whyMisplaced({ site, reads, form }: Modification): Reason {
  switch (form.kind) {
    case 'prefix':
      return first([
        [!isHeads(site), `a prefix stands beside keys and values: it modifies attn.heads or cross.heads, not ${site}`],
        [reads !== 'query', 'a prefix reads the query'],
      ]);
    case 'diagonal':
      return first([[reads !== 'h', 'a diagonal scales h: it must read h']]);
    case 'lookup':
      return first([
        [site !== 'embedding' || reads !== 'segment', 'a lookup adds to embedding and reads the segment of each token'],
      ]);
    case 'bottleneck':
      return undefined;
  }
}

/** The first reason why a method cannot be applied to a model, or undefined. */
export function whyInvalid(method: Method, shape: ModelShape): Reason {
  const { modifications, unfrozen } = method;
  for (const modification of modifications) {
    const reason = whyInvalidModification(modification) ?? misfit(modification, shape);
    if (reason !== undefined) return reason;
  }
  const parts = [
    ...unfrozen.map((part) => wrongOf(unfrozenKinds, part)),
    wrongOf(lifecycleKinds, method.lifecycle),
    wrongOf(promptKinds, method.prompt),
    wrongOf(passesKinds, method.passes),
  ].find((reason) => reason !== undefined);
  if (parts !== undefined) return parts;
  const lost = modifications.find(
    (modification) => !isOptional(modification.site) && placesOf(modification, shape).length === 0,
  );
  return (
    first([
      [lost !== undefined, `${lost?.site ?? ''} matches nothing in the model; choose layers and stacks that it has`],
      [
        modifications.length > 0 && modifications.every((m) => placesOf(m, shape).length === 0),
        'the model has none of its sites',
      ],
      [
        unfrozen.length > 1 && unfrozen.some(({ kind }) => kind === 'all'),
        'with all weights trained, training some of them again has no effect; leave one out',
      ],
      [
        unfrozen.some((part) => tokenRowIds(part, shape.vocabulary).some((id) => id < 0 || id >= shape.vocabulary)),
        `the word table has ${shape.vocabulary} rows`,
      ],
      [twice(unfrozen.flatMap((part) => tokenRowIds(part, shape.vocabulary))), 'a row of the word table trains twice'],
    ]) ??
    whyNoBudget(method) ??
    whyNoPrompt(method.prompt, shape) ??
    whyTooLarge(method, shape)
  );
}

/** A budget above the ranks that there are would be cut to them, unsaid. */
function whyNoBudget({ lifecycle, modifications }: Method): Reason {
  if (lifecycle.kind !== 'rankBudget') return undefined;
  const ranks = modifications.flatMap(({ form }) =>
    form.kind === 'bottleneck' && form.factors.kind === 'triplet' ? [form.r] : [],
  );
  const most = Math.max(...ranks);
  return ranks.length > 0 && lifecycle.target > most
    ? `target=${lifecycle.target} directions cannot be left of r=${most}: write a target of at most ${most}`
    : undefined;
}

/** @throws UserError where a method does not fit a model, in one line, before anything is made */
export function demandFit(method: Method, shape: ModelShape): void {
  const reason = whyInvalid(method, shape);
  if (reason !== undefined) throw new UserError(`Method ${method.name} does not fit this model: ${reason}`);
}

/** Numbers of one tensor: 2 GB of them. */
const mostElements = 2 ** 29;

function whyTooLarge(method: Method, shape: ModelShape): Reason {
  const large = specsOf(method, shape).find((spec) => sizeOf(spec.shape) > mostElements);
  return large === undefined
    ? undefined
    : `${large.name} [${large.shape.join()}] would have more than 2 GB; choose smaller sizes`;
}

const twice = (rows: readonly number[]): boolean => new Set(rows).size < rows.length;

function first(checks: readonly Check[]): Reason {
  return checks.find(([fails]) => fails)?.[1];
}

function whyNoPrompt(prompt: Prompt, shape: ModelShape): Reason {
  if (prompt.kind === 'none') return undefined;
  const { positions, length } = prompt;
  const ids = prompt.kind === 'free' && prompt.init.kind === 'tokens' ? prompt.init.ids : [];
  const beyond = ids.find((id) => id >= shape.vocabulary);
  const deepest = layersOf(shape, stacksOf(shape)[0] ?? 'encoder');
  const layers = prompt.kind === 'written' && prompt.encoder.kind === 'own' ? prompt.encoder.layers : 0;
  return first([
    [beyond !== undefined, `token ${beyond ?? ''} of the prompt is beyond the ${shape.vocabulary} words of the model`],
    [positions === 'shifted' && length >= positionsOf(shape), noRoom(length, positionsOf(shape))],
    [
      layers > deepest,
      `the generator reads ${layers} layers and the model has ${deepest}; choose layers from 1 to ${deepest}`,
    ],
  ]);
}

function positionsOf({ positions }: ModelShape): number {
  return positions.kind === 'learned' ? positions.rows - positions.offset : Infinity;
}

/** What depends on the model's widths and depth. */
function misfit(modification: Modification, shape: ModelShape): Reason {
  const { site, reads, form } = modification;
  const stacks = stacksOf(shape).filter((stack) => modification.stacks.includes(stack));
  const deepest = Math.max(0, ...stacks.map((stack) => layersOf(shape, stack)));
  const listed = layersListed(modification.layers) ?? [];
  const { width, heads, headWidth } = shape;
  const fit: Fit = {
    site,
    reads: readWidth(shape, site, reads),
    out: siteWidths(shape, site).h,
    positions: positionsOf(shape),
    ...{ width, heads, headWidth },
  };
  return (
    first([
      [
        listed.some((layer) => !Number.isInteger(layer) || layer < 0 || layer >= deepest),
        `layers ${listed.join()} must lie between 0 and ${deepest - 1}`,
      ],
      [stacks.length === 0, `the model has no ${modification.stacks.join(' or ')}`],
    ]) ?? misfitForm(form, fit)
  );
}
