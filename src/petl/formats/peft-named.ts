import { UserError } from '../../errors';
import type { Base } from './base';
import type { Config } from './folder';
import { headLayouts } from './heads';
import { bare, blockParts, isNormPart, modulePath, normModules, wordTable } from './modules';
import { savedNames } from './targets';
import type { Named } from './values';

const stored = /^base_model\.(?:model\.)?(.+)\.(?:weight|bias)$/;

/**
 * Holds `modules_to_save` against the file: PEFT wraps every module whose name one of its words ends, and opens no file
 * that lacks the tensors of one. Words that end no name of the model or its head say nothing, such as the `score` that
 * a classifier's folder names beside its `classifier`.
 * @throws UserError for a module of the model, or of its head, that is named and has no tensors
 */
export function demandSaved(config: Config, tensors: Named, base: Base): void {
  const words = savedNames(config);
  if (words.length === 0) return;
  const held = Object.keys(tensors).map((name) => bare(stored.exec(name)?.[1] ?? ''));
  const heads = headModules(base).filter((module) => !held.some((one) => one === module || isBelow(one, module)));
  const others = ownModules(base).filter((module) => !held.includes(bare(module)));
  const missing = [...heads, ...others].find((module) => words.some((word) => isNamed(module, word)));
  if (missing !== undefined)
    throw new UserError(
      `adapter_config.json names ${missing} in modules_to_save, the file has no tensors of it: copy the whole folder, or take the name out`,
    );
}

/** Whether `modules_to_save` names the head; PEFT itself adds it where the task is to classify sequences. */
export function namesHead(config: Config, base: Base): boolean {
  const words = savedNames(config);
  return (
    config['task_type'] === 'SEQ_CLS' || headModules(base).some((module) => words.some((word) => isNamed(module, word)))
  );
}

/** Whether a word ends the name of a module, or of one that holds it, or is it whole with or without its root. */
function isNamed(module: string, word: string): boolean {
  const parts = module.split('.');
  return parts.some((_, i) => {
    const path = parts.slice(0, i + 1).join('.');
    return path.endsWith(word) || bare(path) === bare(word);
  });
}

const isBelow = (module: string, parent: string): boolean => module.startsWith(`${parent}.`);

/** The modules of the head that transformers puts on a model to classify sequences. */
function headModules({ shape }: Base): readonly string[] {
  const layout = headLayouts[shape.family];
  if (layout !== undefined) return [layout.out, layout.dense].filter((module) => !module.includes('pooler'));
  if (shape.decoderLayers === 0) return ['classifier'];
  return shape.encoderLayers === 0 ? ['score'] : ['classification_head'];
}

/** The modules that PEFT may save whole, of those that a model has. A checkpoint may lack the pooler of its family. */
function ownModules({ shape, has }: Base): readonly string[] {
  const matrices = blockParts(shape).filter(({ part }) => part.includes('.') && !isNormPart(part));
  const output = shape.family === 'gpt_neox' ? 'embed_out' : 'lm_head';
  return [
    ...matrices.map((at) => modulePath(shape, at)),
    ...normModules(shape).values(),
    wordTable(shape),
    ...(shape.decoderLayers > 0 ? [output] : []),
    ...(has('pooler.weight') ? ['pooler.dense'] : []),
  ];
}
