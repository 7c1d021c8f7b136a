import { tf } from '../engine/tf';
import { UserError } from '../errors';
import { makeFolder } from '../files';
import { loadBackbone } from '../model/backbone';
import { saveReplaced } from '../model/checkpoint/save';
import type { Model } from '../model/open';
import type { Tensors } from '../engine/tf';
import type { Delta } from '../petl/bank/delta';
import { mergeStated, type StatedMerge } from '../petl/bank/merged';
import type { Report } from '../petl/formats/report';

/** What merging tells beside what reading the adapter told. */
export interface MergeReport extends Report {
  /** Largest absolute difference of the last hidden states of two short texts, merged and unmerged: rounding. */
  readonly difference: number;
}

/**
 * `petl adapter merge DIR --model MODEL --out DIR`: the model with the adapter's changes in its weights, as a folder that
 * transformers loads. Nothing is written where a part of the adapter cannot go into weights.
 */
export function mergeAdapter(
  out: string,
  { backbone }: Pick<Model, 'backbone'>,
  { delta, head, notes, lossless }: Report & { readonly delta: Delta; readonly head: Tensors },
): MergeReport {
  const { folder, shape, files } = backbone;
  if (files.length === 0 || !files.every((file) => file.endsWith('.safetensors')))
    throw new UserError(`${folder} has no safetensors to write beside: name a folder saved by save_pretrained`);
  const merged = mergeStated(backbone, delta);
  try {
    demandAll(merged);
    makeFolder(out, (place) => {
      saveReplaced(place, { folder, weights: merged.weights, changed: merged.changed });
      demandSame(place, shape.pooling, merged);
    });
  } finally {
    for (const name of merged.changed) merged.weights[name]?.dispose();
  }
  const left =
    Object.keys(head).length === 0
      ? []
      : ["the classifier's head is no part of the folder: the adapter's own folder keeps it"];
  return { lossless, notes: [...notes, ...left], difference: merged.difference };
}

/** Refuses what a model's weights cannot hold, by name. */
function demandAll({ rest }: StatedMerge): void {
  const prompt = rest.prompt.kind === 'none' ? [] : ['the prompt'];
  const second = rest.passes.kind === 'once' ? [] : ['the second pass'];
  const parts = [...rest.modifications.map(({ site, form }) => `the ${form.kind} at ${site}`), ...prompt, ...second];
  if (parts.length > 0)
    throw new UserError(
      `${rest.name} cannot be merged: ${[...new Set(parts)].join(', ')} would be no part of the weights; merge LoRA and its kin, diagonals and unfrozen weights alone`,
    );
}

/** What was written reads back as what was meant, to the rounding of a gain that is stored less 1. */
function demandSame(folder: string, pooling: Model['backbone']['shape']['pooling'], { weights }: StatedMerge): void {
  const read = loadBackbone(folder, pooling);
  try {
    const far = Object.entries(read.weights).find(([name, weight]) => {
      const meant = weights[name];
      return (
        meant === undefined || tf.tidy(() => !(Number(tf.max(tf.abs(tf.sub(weight, meant))).dataSync()[0]) <= 1e-6))
      );
    });
    if (far !== undefined) throw new Error(`${far[0]} does not read back as what was written`);
  } finally {
    read.dispose();
  }
}
