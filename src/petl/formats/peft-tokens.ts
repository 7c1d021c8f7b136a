import { UserError } from '../../errors';
import type { ModelShape } from '../../model/shape';
import { hasCrossAttention } from '../../model/shapes';
import { combine, tokens } from '../design/methods';
import { tokenRowIds } from '../design/training';
import type { Method } from '../design/types';
import { tokenRowsNames } from '../forms/variables';
import { cannot, type Base } from './base';
import { bare, wordTable } from './modules';
import type { Made } from './peft-lora-write';
import type { Read, Source } from './peft-modules';
import { demandShape, equal, rows, stacked, type Named, type Values } from './values';

const suffix = { beside: 'token_adapter.trainable_tokens_delta', alone: 'trainable_tokens_delta' } as const;

/** The adapter with the rows of the word table that trained beside it (`trainable_token_indices`). */
export function withTokens({ own, used }: Read, source: Source): Read {
  const given = source.config['trainable_token_indices'];
  if (given === undefined || given === null) return { own, used };
  const one = Array.isArray(given) ? { ids: given as readonly unknown[] } : ofTable(given, source.base.shape);
  const read = rowsOf(one.ids, 'beside', source);
  return {
    own: { method: combine(own.method, read.own.method), tensors: { ...own.tensors, ...read.own.tensors } },
    used: [...used, ...read.used],
  };
}

/** Trained rows alone: TRAINABLE_TOKENS, whose `target_modules` is the word table. */
export function readTokens(source: Source): Read {
  const { token_indices: ids, target_modules: targets } = source.config;
  for (const module of [targets ?? []].flat()) demandTable(String(module), source.base.shape);
  return rowsOf(Array.isArray(ids) ? (ids as readonly unknown[]) : [], 'alone', source);
}

function ofTable(given: unknown, shape: ModelShape): { readonly ids: readonly unknown[] } {
  const tables = typeof given === 'object' && given !== null ? Object.entries(given) : [];
  const [[name, ids] = [], another] = tables;
  if (name === undefined || !Array.isArray(ids) || another !== undefined)
    throw cannot(`trainable_token_indices = ${JSON.stringify(given)}`, 'rows of the one table of words train here');
  demandTable(name, shape);
  return { ids: ids as readonly unknown[] };
}

function demandTable(module: string, shape: ModelShape): void {
  const own = bare(wordTable(shape));
  if (bare(module) !== own && !own.endsWith(`.${module}`))
    throw cannot(`trained tokens of ${module}`, `rows of the table of words train here, ${wordTable(shape)}`);
}

/** Rows stand in the file in the order of `ids`, once more for each module that shares the table. */
function rowsOf(ids: readonly unknown[], where: keyof typeof suffix, { tensors, base: { shape } }: Source): Read {
  demandOneTable(shape);
  const strange = ids.find(
    (id) => !Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= shape.vocabulary,
  );
  if (strange !== undefined)
    throw new UserError(
      `adapter_config.json trains token ${JSON.stringify(strange)}, the model has words 0 to ${shape.vocabulary - 1}`,
    );
  if (new Set(ids).size < ids.length)
    throw new UserError('adapter_config.json trains a token twice: which of its rows counts is not said');
  const names = Object.keys(tensors).filter((name) => name.endsWith(`.${suffix[where]}`));
  const own = names.find((name) => bare(moduleOf(name, where)) === bare(wordTable(shape)));
  const values = own === undefined ? undefined : (tensors[own] as Values);
  if (values === undefined || values.shape[0] !== ids.length)
    throw new UserError(
      `adapter_config.json trains ${ids.length} tokens, the file has rows of ${values?.shape[0] ?? 0}: the two belong to different adapters`,
    );
  const unlike = names.find((name) => !equal(tensors[name] as Values, values));
  if (unlike !== undefined)
    throw cannot(`other rows at ${moduleOf(unlike, where)}`, 'modules that share a table train the same rows');
  demandShape(own as string, values, [ids.length, values.shape[1] ?? 0]);
  const order = ids.map((_, i) => i).sort((a, b) => (ids[a] as number) - (ids[b] as number));
  const method = tokens({ ids: order.map((i) => ids[i] as number) });
  const sorted = stacked(order.map((i) => rows(values, i, i + 1)));
  return { own: { method, tensors: { [tokenRowsNames.tokens]: sorted } }, used: names };
}

const moduleOf = (name: string, where: keyof typeof suffix): string =>
  name
    .replace(/^base_model\.model\./, '')
    .slice(0, -suffix[where].length - 1)
    .replace(/^base_model\.model\./, '');

/** PEFT changes the shared table of an encoder-decoder, which the model does not read where its tables are apart. */
function demandOneTable(shape: ModelShape): void {
  if (shape.family === 'marian')
    throw cannot(
      'trained tokens of a marian model',
      'PEFT reaches the tables of its stacks with transformers 5, not with 4',
    );
  if (hasCrossAttention(shape) && (shape.output.kind === 'own' || shape.decoderWords === true))
    throw cannot(
      'trained tokens of an encoder-decoder with tables of its own',
      'PEFT changes a table that nothing reads',
    );
}

/** Trained rows alone, or beside LoRA in its folder. */
export function writeTokens(method: Method, tensors: Named, { shape }: Base, made?: Made): Made {
  demandOneTable(shape);
  const parts = method.unfrozen.flatMap((part) =>
    part.kind === 'tokens' || part.kind === 'tokenRows'
      ? [{ ids: tokenRowIds(part, shape.vocabulary), values: tensors[tokenRowsNames[part.kind]] as Values }]
      : [],
  );
  const ids = parts.flatMap((part) => part.ids);
  const values = stacked(parts.map((part) => part.values));
  const name = `base_model.model.${wordTable(shape)}.${suffix[made === undefined ? 'alone' : 'beside']}`;
  if (made === undefined)
    return {
      config: {
        peft_type: 'TRAINABLE_TOKENS',
        token_indices: ids,
        target_modules: [wordTable(shape)],
        init_weights: true,
      },
      tensors: { [name]: values },
    };
  return { config: { ...made.config, trainable_token_indices: ids }, tensors: { ...made.tensors, [name]: values } };
}
