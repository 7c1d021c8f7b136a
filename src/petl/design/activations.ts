import type { Activation } from './types';

/** Each activation as the design table writes it, the usual one first. */
export const activationTexts: Readonly<Record<Activation, string>> = {
  relu: 'ReLU',
  gelu: 'GELU',
  geluTanh: 'GELU',
  silu: 'SiLU',
  tanh: 'tanh',
  sigmoid: 'sigmoid',
  softmax: 'softmax',
  identity: '',
};

export const activations = Object.keys(activationTexts) as [Activation, Activation, ...Activation[]];
