import { existsSync } from 'node:fs';
import { labelledTask } from '../tasks/classification';
import { taskNamed } from '../tasks/registry';

/*
 * What notebooks do with a frozen model at hand. TensorFlow loads at the first call, not with the import.
 */
const open = (): typeof import('../model/open') => require('../model/open') as typeof import('../model/open');
const texts = (): typeof import('./texts') => require('./texts') as typeof import('./texts');
const identity = (): typeof import('./identity') => require('./identity') as typeof import('./identity');
const maps = (): typeof import('./delta-maps') => require('./delta-maps') as typeof import('./delta-maps');
const fingerprint = (): typeof import('../model/fingerprint') =>
  require('../model/fingerprint') as typeof import('../model/fingerprint');
const deltas = (): typeof import('../petl/bank/delta') =>
  require('../petl/bank/delta') as typeof import('../petl/bank/delta');
const own = (): typeof import('./own-model') => require('./own-model') as typeof import('./own-model');
const refused = (): typeof import('./refused-models') =>
  require('./refused-models') as typeof import('./refused-models');
const store = (): typeof import('../petl/bank/store') =>
  require('../petl/bank/store') as typeof import('../petl/bank/store');
const foreign = (): typeof import('../petl/formats/foreign') =>
  require('../petl/formats/foreign') as typeof import('../petl/formats/foreign');
const merged = (): typeof import('../petl/bank/merged') =>
  require('../petl/bank/merged') as typeof import('../petl/bank/merged');
const bank = (): typeof import('../petl/bank/bank') =>
  require('../petl/bank/bank') as typeof import('../petl/bank/bank');
const voices = (): typeof import('../training/voices') =>
  require('../training/voices') as typeof import('../training/voices');
const asking = (): typeof import('../retrieval/open-asker') =>
  require('../retrieval/open-asker') as typeof import('../retrieval/open-asker');
const steps = (): typeof import('../training/few-steps') =>
  require('../training/few-steps') as typeof import('../training/few-steps');

/** A function whose module, and TensorFlow with it, loads at the first call. */
function late<F extends (...given: never[]) => unknown>(load: () => F): F {
  return new Proxy((() => undefined) as unknown as F, {
    apply: (_, self, given: Parameters<F>) => Reflect.apply(load(), self, given) as unknown,
  });
}

/** A frozen model with its tokenizer, by its name or from a folder or GGUF file. Nothing in it is ever trained. */
export const openModel: typeof import('../model/open').openModel = late(() => open().openModel);
/** Token ids of texts, special tokens included, and each token as text. */
export const tokenize: typeof import('./texts').tokenize = late(() => texts().tokenize);
/** Texts as packed rows: the real tokens one after another, and one filler row where the grid has padding. */
export const packTexts: typeof import('./texts').packTexts = late(() => texts().packTexts);
/** Runs the frozen model over texts, one pass, and shows every site to `visit`. Tensors live during the pass alone. */
export const visitTexts: typeof import('./texts').visitTexts = late(() => texts().visitTexts);
/** One vector for each text: the mean of its tokens' last hidden states, of length 1. */
export const textVectors: typeof import('./texts').textVectors = late(() => texts().textVectors);
/** Root mean square of a tensor's elements. */
export const rms: typeof import('./texts').rms = late(() => texts().rms);
/**
 * Runs prefix tuning in both of its forms, as attention and as a gated adapter (He et al. 2021, equations 5 and 9),
 * and gives their largest difference in each layer.
 */
export const prefixTwice: typeof import('./identity').prefixTwice = late(() => identity().prefixTwice);
/**
 * The gate lambda of each head and layer: the share of attention that falls on the prefix, mean over the texts'
 * tokens.
 */
export const prefixGates: typeof import('./identity').prefixGates = late(() => identity().prefixGates);
/** How large each trained tensor of a delta is, layer by layer, as cells of `heatMap`. */
export const deltaSizes: typeof import('./delta-maps').deltaSizes = late(() => maps().deltaSizes);
/** The share of one head's attention that each word gives each vector of a prefix, as cells of `heatMap`. */
export const prefixAttention: typeof import('./delta-maps').prefixAttention = late(() => maps().prefixAttention);
/**
 * What f makes of the same down-projection, `[tokens, l]` each: LoRA's identity, the adapter's ReLU, the prefix's
 * softmax.
 */
export const threeForms: typeof import('./identity').threeForms = late(() => identity().threeForms);
/** The decoder's scores of every word as the next token after `ids`. @returns `[vocabulary]` */
export const nextScores: typeof import('./own-model').nextScores = late(() => own().nextScores);
/** Lets a model continue `ids`, or write a target for them, and gives the new tokens. */
export const write: typeof import('./own-model').write = late(() => own().write);
/**
 * Replaces every variable of a delta by small random numbers, so that a method changes the model although it never
 * trained.
 */
export const disturb: typeof import('./own-model').disturb = late(() => own().disturb);
/** Spoils copies of a model in a temporary folder, one fault each, tries to open them and gives the messages. */
export const refusedModels: typeof import('./refused-models').refusedModels = late(() => refused().refusedModels);
/** A hash over names and values of tensors: equal before and after where nothing has changed. */
export const tensorsHash: typeof import('../model/fingerprint').tensorsHash = late(() => fingerprint().tensorsHash);
/** Trains a delta for a few steps on labelled texts, in memory alone: no run, no file. */
export const fewSteps: typeof import('../training/few-steps').fewSteps = late(() => steps().fewSteps);
/** Writes a delta to a folder, with the frozen model that it belongs to. */
export const saveDelta: typeof import('../petl/bank/store').saveDelta = late(() => store().saveDelta);
/** The delta that `saveDelta` wrote. @throws UserError where it belongs to another frozen model */
export const loadDelta: typeof import('../petl/bank/store').loadDelta = late(() => store().loadDelta);
/** An adapter of PEFT or AdapterHub as a delta, with a report of what was read and proved. */
export const importForeign: typeof import('../petl/formats/foreign').importForeign = late(
  () => foreign().importForeign,
);
/** Writes a delta as PEFT or AdapterHub reads it, with a report of what could cross. */
export const exportForeign: typeof import('../petl/formats/foreign').exportForeign = late(
  () => foreign().exportForeign,
);
/**
 * Adds a delta to the frozen weights where that is exact, and states how far the merged model's outputs are from the
 * unmerged one's.
 */
export const mergeStated: typeof import('../petl/bank/merged').mergeStated = late(() => merged().mergeStated);

/** An empty bank for deltas of one frozen model: switch them on, stack them, or give each row of a batch its own. */
export function newBank({ backbone }: import('../model/open').Model): import('../petl/bank/bank').Bank {
  return new (bank().Bank)(backbone.shape);
}

/** The first training examples of a classification task, in the order that is the same on every machine. */
export async function someExamples(
  task: string,
  count: number,
): Promise<readonly import('../training/few-steps').Labelled[]> {
  return (await labelledTask(taskNamed(task)).load()).train.slice(0, count).map(({ text, label }) => ({ text, label }));
}

/**
 * A collection with its index, re-ranker and frozen reader in memory, to ask questions of; `dispose()` frees the models.
 * @throws UserError where the index was not built, is damaged or of another encoder
 */
export const openAsker: typeof import('../retrieval/open-asker').openAsker = late(() => asking().openAsker);

/** A method's fresh variables for a model; draws depend on the seed and the variable's name alone. */
export function newDelta(
  { backbone }: import('../model/open').Model,
  method: import('../petl/design/types').Method,
  seed = 1,
): import('../petl/bank/delta').Delta {
  return deltas().createDelta(method, backbone.shape, backbone.weights, seed);
}

/**
 * A folder of kept adapters as one model that writes for all of their tasks; undefined where there is none. Dispose of
 * it when nothing is to be written any more.
 */
export function voicesOf(folder: string): import('../training/voices').Voices | undefined {
  if (!existsSync(folder)) return undefined;
  const { Voices } = voices();
  return new Voices(folder);
}
