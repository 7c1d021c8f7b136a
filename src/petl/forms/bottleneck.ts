import { gelu, geluTanh, layerNorm, linear, matmul, relu, silu, softmax, tanh } from '../../engine/layers';
import { dropout, type Noise } from '../../engine/random';
import { tf, type Tensor } from '../../engine/tf';
import { hasBias } from '../design/bottleneck';
import type { Activation, Bottleneck, Factors } from '../design/types';
import { middleName } from './factors';
import { projectionName } from './spec';

/** A method's tensors by the part of their name after the place and form: `down`, `up.bias`, ... */
export type Own = (part: string) => Tensor;

/** What a form sees besides its input. */
export interface FormContext {
  readonly own: Own;
  /** Tensors by full name, for those that places share. */
  readonly shared: Own;
  readonly noise: Noise | undefined;
  /** s: a number, `[1]` or `[out]`. Folded into the last matrix, which is smaller than its output. */
  readonly scale: number | Tensor;
}

const epsilon = 1e-5;

const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  identity: (x) => x,
  relu,
  gelu,
  geluTanh,
  silu,
  tanh,
  sigmoid: (x) => tf.sigmoid(x),
  softmax,
};

/** s (activation(x W_down + b_down) W_up + b_up). @param x `[N, in]` @returns `[N, out]` */
export function bottleneckForm(form: Bottleneck, x: Tensor, context: FormContext): Tensor {
  const { own, noise, scale } = context;
  const input = form.innerNorm === 'in' ? normed(own, 'norm', x) : x;
  const { down, up } = matrices(form, context, x.shape[1] as number);
  const biased = hasBias(form.factors);
  const activate = activations[form.activation];
  const first = activate(linear(input, down, biased ? own('down.bias') : undefined));
  const middles = Array.from({ length: form.depth - 1 }, (_, i) => middleName(i + 1));
  const last = middles.reduce(
    (y, part) => activate(linear(y, own(part), biased ? own(`${part}.bias`) : undefined)),
    first,
  );
  const hidden = dropout(last, form.dropout, noise);
  const y = linear(hidden, scaled(up, scale), biased ? scaled(own('up.bias'), scale) : undefined);
  const change =
    form.factors.kind === 'principal'
      ? tf.sub(y, matmul(matmul(input, own('down.start')), scaled(own('up.start'), scale)))
      : y;
  return form.innerNorm === 'out' ? normed(own, 'norm', change) : change;
}

/**
 * One bottleneck per head: h_i gets activation(q_i D_i + b_i) U_i, D_i `[dh, r]` and U_i `[r, dh]` cut from `down` and
 * `up`.
 * @param q `[N, heads * dh]` @returns `[N, heads * dh]`
 */
export function perHeadForm(form: Bottleneck, q: Tensor, heads: number, { own, noise, scale }: FormContext): Tensor {
  const { r, activation } = form;
  const input = form.innerNorm === 'in' ? normed(own, 'norm', q) : q;
  const down = tf.reshape(own('down'), [heads, -1, r]);
  const up = headsFirst(scaled(own('up'), scale), heads); // [heads, r, dh]
  const raw = tf.matMul(headsFirst(input, heads), down); // [heads, N, r]
  const biased = hasBias(form.factors);
  const hidden = dropout(
    activations[activation](biased ? tf.add(raw, tf.reshape(own('down.bias'), [heads, 1, r])) : raw),
    form.dropout,
    noise,
  );
  const y = headsLast(tf.matMul(hidden, up));
  const change = biased ? tf.add(y, scaled(own('up.bias'), scale)) : y;
  return form.innerNorm === 'out' ? normed(own, 'norm', change) : change;
}

/** A trained LayerNorm of the method's own. */
export function normed(own: Own, name: string, x: Tensor): Tensor {
  return layerNorm(x, own(`${name}.gain`), own(`${name}.bias`), epsilon);
}

/** `[N, heads * dh]` -> `[heads, N, dh]` */
export function headsFirst(x: Tensor, heads: number): Tensor {
  const [rows, width] = x.shape as [number, number];
  return tf.transpose(tf.reshape(x, [rows, heads, width / heads]), [1, 0, 2]);
}

/** `[heads, N, dh]` -> `[N, heads * dh]` */
function headsLast(x: Tensor): Tensor {
  const [heads, rows, width] = x.shape as [number, number, number];
  return tf.reshape(tf.transpose(x, [1, 0, 2]), [rows, heads * width]);
}

export function scaled(x: Tensor, scale: number | Tensor): Tensor {
  return scale === 1 ? x : tf.mul(x, scale);
}

/** The two matrices as dense ones, `[in, r]` and `[r, out]`. @param width in */
export function matrices(
  form: Bottleneck,
  { own, shared }: Pick<FormContext, 'own' | 'shared'>,
  width: number,
): { readonly down: Tensor; readonly up: Tensor } {
  const { factors } = form;
  switch (factors.kind) {
    case 'dense':
    case 'principal':
      return { down: own('down'), up: own('up') };
    case 'triplet':
      return { down: tf.mul(own('down'), tf.mul(own('singular'), own('mask'))), up: own('up') };
    case 'frozenRandom': {
      const [inner, outer] = [own('inner'), own('outer')];
      const random = (side: 'down' | 'up', from: number, to: number): Tensor =>
        shared(projectionName(factors.seed, side, [from, to]));
      return {
        down: tf.mul(random('down', width, form.r), inner),
        up: tf.mul(random('up', form.r, outer.shape[0] as number), outer),
      };
    }
    case 'phm':
      return { down: phmMatrix(factors, own, shared, 'down'), up: phmMatrix(factors, own, shared, 'up') };
  }
}

/** sum_i A_i (x) (L_i R_i): entry [p a + i, q b + j] = sum A[p, q] B[i, j]. */
function phmMatrix(
  { n, share }: Extract<Factors, { kind: 'phm' }>,
  own: Own,
  shared: Own,
  side: 'down' | 'up',
): Tensor {
  const rule = share ? shared(`phm.rule.${n}`) : own(`${side}.rule`); // [n, n, n]
  const blocks = tf.matMul(own(`${side}.left`), own(`${side}.right`)); // [n, a, b]
  const [, a, b] = blocks.shape as [number, number, number];
  const products = matmul(tf.reshape(rule, [n, n * n]), tf.reshape(blocks, [n, a * b]), true); // [n n, a b]
  return tf.reshape(tf.transpose(tf.reshape(products, [n, n, a, b]), [0, 2, 1, 3]), [n * a, n * b]);
}
