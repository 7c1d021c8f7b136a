import type { Norm } from '../../shape';

/** A norm without its epsilon. */
type Kind = Omit<Norm, 'epsilon'>;

/** A layer norm after each sum (BERT). */
export const postNorm: Kind = { kind: 'layer', place: 'post', final: false, bias: true, output: false, first: true };

/** A layer norm before each sub-layer, and one at the end (GPT-2). */
export const preNorm: Kind = { ...postNorm, place: 'pre', final: true };

/** The same without means and biases (Llama, T5). */
export const preRms: Kind = { ...preNorm, kind: 'rms', bias: false };
