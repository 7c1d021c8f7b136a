import { weightShapes } from '../../model/shapes';
import { combine, head, layernorm } from '../design/methods';
import { isNorm } from '../forms/unfrozen';
import { tokenRowsNames } from '../forms/variables';
import type { Base } from './base';
import type { Config } from './folder';
import { bare, normModules, wordTable } from './modules';
import type { Made } from './peft-lora-write';
import type { Read, Source } from './peft-modules';
import { gainOf } from './peft-scales';
import { byName, cannot, flag, onlyOnce } from './base';
import { equal, type Named, type Values } from './values';

const stored = /^base_model\.model\.(.+)\.(weight|bias)$/;

/** Names that `modules_to_save` ends, wherever the end begins. */
function isSaved(config: Config, module: string): boolean {
  const saved = config['modules_to_save'];
  return Array.isArray(saved) && saved.some((end) => typeof end === 'string' && module.endsWith(end));
}

/** The adapter with what trained whole beside it (`modules_to_save`) and methods here can train: norms, the word table. */
export function withSaved(read: Read, source: Source): Read {
  return withWords(withNorms(read, source), source);
}

/** The norms that the file has; the others are as the model has them, and go on training here. */
function withNorms({ own, used }: Read, { config, tensors, base }: Source): Read {
  const { shape } = base;
  const norms = new Map([...normModules(shape)].map(([name, module]) => [bare(module), name]));
  const found = Object.keys(tensors).flatMap((name) => {
    const [, module = '', part] = stored.exec(name) ?? [];
    const norm = norms.get(bare(module));
    if (norm === undefined || !isSaved(config, module)) return [];
    const own = `${norm}.${part === 'weight' ? 'gain' : 'bias'}`;
    return [{ name, own, values: gainOf(tensors[name] as Values, own, shape, 1) }];
  });
  if (found.length === 0) return { own, used };
  const all = Object.entries(weightShapes(shape)).filter(([name]) => isNorm(name));
  const kept = Object.fromEntries(all.map(([name, size]) => [name, { shape: size, values: base.weight(name) }]));
  const trained = onlyOnce(found.map((one) => [one.own, one] as const));
  return {
    own: {
      method: combine(own.method, layernorm()),
      tensors: {
        ...kept,
        ...own.tensors,
        ...Object.fromEntries([...trained].map(([name, { values }]) => [name, values])),
      },
    },
    used: [...used, ...found.map(({ name }) => name)],
  };
}

/** The whole table of words: all its rows. With tied tables PEFT trains a copy, unless it is told to keep them tied. */
function withWords({ own, used }: Read, { config, tensors, base: { shape }, notes }: Source): Read {
  const keptTied = flag(config, 'ensure_weight_tying'); // the others that share it stand in the file once more
  const saved = Object.keys(tensors).filter((name) => {
    const [, module = '', part] = stored.exec(name) ?? [];
    return part === 'weight' && (keptTied || isSaved(config, module)) && tables.test(bare(module));
  });
  const word = saved.find((name) => bare(stored.exec(name)?.[1] ?? '') === bare(wordTable(shape)));
  if (word === undefined) return { own, used };
  const values = tensors[word] as Values;
  if (shape.encoderLayers > 0 && shape.decoderLayers > 0) {
    notes.gap(cannot('a word table of an encoder-decoder saved whole', 'rows of it train here').message);
    return { own, used: [...used, ...saved] };
  }
  const others = saved.filter((name) => name !== word);
  const tied = shape.decoderLayers > 0 && shape.output.kind === 'tied';
  const together = keptTied && others.every((name) => equal(tensors[name] as Values, values));
  if ((tied && !together) || (!tied && others.length > 0)) {
    notes.gap(cannot('a word table saved whole', 'its copy in the output stays or trains apart there').message);
    return { own, used: [...used, ...saved] };
  }
  return {
    own: {
      method: combine(own.method, head({ rows: shape.vocabulary })),
      tensors: { ...own.tensors, [tokenRowsNames.tokenRows]: values },
    },
    used: [...used, ...saved],
  };
}

const tables = /(^|\.)(word_embeddings|tok_embeddings|embed_tokens|embed_in|embed_out|lm_head|wte|shared)$/;

/** Every norm of the model's own that trained, beside LoRA or its kin, saved whole. */
export function writeSaved({ config, tensors }: Made, own: Named, { shape }: Base): Made {
  const modules = [...normModules(shape)];
  const made = modules.flatMap(([name, module]) =>
    (['gain', 'bias'] as const).flatMap((part): [string, Values][] => {
      const values = own[`${name}.${part}`];
      const path = `base_model.model.${module}.${part === 'gain' ? 'weight' : 'bias'}`;
      return values === undefined ? [] : [[path, gainOf(values, part, shape, -1)]];
    }),
  );
  return {
    config: { ...config, modules_to_save: modules.map(([, module]) => module) },
    tensors: byName([...Object.entries(tensors), ...made]),
  };
}
