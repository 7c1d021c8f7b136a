import { labelledTask } from '../tasks/classification';
import { taskNamed } from '../tasks/registry';

/*
 * What notebooks do with a frozen model at hand. TensorFlow loads at the first call, not with the import.
 */
const open = (): typeof import('../model/open') => require('../model/open') as typeof import('../model/open');
const texts = (): typeof import('./texts') => require('./texts') as typeof import('./texts');
const identity = (): typeof import('./identity') => require('./identity') as typeof import('./identity');
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
const steps = (): typeof import('../training/few-steps') =>
  require('../training/few-steps') as typeof import('../training/few-steps');

export const openModel: typeof import('../model/open').openModel = (...given) => open().openModel(...given);
export const tokenize: typeof import('./texts').tokenize = (...given) => texts().tokenize(...given);
export const packTexts: typeof import('./texts').packTexts = (...given) => texts().packTexts(...given);
export const visitTexts: typeof import('./texts').visitTexts = (...given) => texts().visitTexts(...given);
export const textVectors: typeof import('./texts').textVectors = (...given) => texts().textVectors(...given);
export const rms: typeof import('./texts').rms = (...given) => texts().rms(...given);
export const prefixTwice: typeof import('./identity').prefixTwice = (...given) => identity().prefixTwice(...given);
export const prefixGates: typeof import('./identity').prefixGates = (...given) => identity().prefixGates(...given);
export const threeForms: typeof import('./identity').threeForms = (...given) => identity().threeForms(...given);
export const nextScores: typeof import('./own-model').nextScores = (...given) => own().nextScores(...given);
export const write: typeof import('./own-model').write = (...given) => own().write(...given);
export const disturb: typeof import('./own-model').disturb = (...given) => own().disturb(...given);
export const refusedModels: typeof import('./refused-models').refusedModels = (...given) =>
  refused().refusedModels(...given);
export const tensorsHash: typeof import('../model/fingerprint').tensorsHash = (...given) =>
  fingerprint().tensorsHash(...given);
export const fewSteps: typeof import('../training/few-steps').fewSteps = (...given) => steps().fewSteps(...given);

export const saveDelta: typeof import('../petl/bank/store').saveDelta = (...given) => store().saveDelta(...given);
export const loadDelta: typeof import('../petl/bank/store').loadDelta = (...given) => store().loadDelta(...given);
export const importForeign: typeof import('../petl/formats/foreign').importForeign = (...given) =>
  foreign().importForeign(...given);
export const exportForeign: typeof import('../petl/formats/foreign').exportForeign = (...given) =>
  foreign().exportForeign(...given);
export const mergeStated: typeof import('../petl/bank/merged').mergeStated = (...given) =>
  merged().mergeStated(...given);

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

/** A method's fresh variables for a model; draws depend on the seed and the variable's name alone. */
export function newDelta(
  { backbone }: import('../model/open').Model,
  method: import('../petl/design/types').Method,
  seed = 1,
): import('../petl/bank/delta').Delta {
  return deltas().createDelta(method, backbone.shape, backbone.weights, seed);
}
