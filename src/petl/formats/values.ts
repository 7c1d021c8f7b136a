import { UserError } from '../../errors';

/** A tensor outside TensorFlow, row-major. */
export interface Values {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What another library's file holds, by its own names. */
export type Named = Readonly<Record<string, Values>>;

export function filled(shape: readonly number[], value: number): Values {
  return { shape, values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) };
}

/** The same numbers under another shape. */
export function shaped({ values }: Values, shape: readonly number[]): Values {
  return { shape, values };
}

/** Refuses a tensor of another shape than its file should have. */
export function demandShape(name: string, { shape }: Values, wanted: readonly number[]): void {
  if (shape.join() !== wanted.join())
    throw new UserError(`${name} has shape [${shape.join()}], it should be [${wanted.join()}]: copy the adapter again`);
}

export function equal(a: Values, b: Values): boolean {
  return a.shape.join() === b.shape.join() && a.values.every((value, i) => value === b.values[i]);
}

/** `[a, b]` -> `[b, a]` */
export function transposed({ shape, values }: Values): Values {
  if (shape.length !== 2)
    throw new UserError(`a tensor of shape [${shape.join()}] stands where a matrix belongs: copy the adapter again`);
  const [rows, columns] = shape as [number, number];
  const made = new Float32Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) made[j * rows + i] = values[i * columns + j] as number;
  return { shape: [columns, rows], values: made };
}

export function times({ shape, values }: Values, factor: number): Values {
  return factor === 1 ? { shape, values } : { shape, values: values.map((value) => value * factor) };
}

export function plus(a: Values, b: ArrayLike<number>): Values {
  return { shape: a.shape, values: a.values.map((value, i) => value + (b[i] as number)) };
}

/** Rows `from` to `to` of the first axis. */
export function rows({ shape, values }: Values, from: number, to: number): Values {
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  return { shape: [to - from, ...shape.slice(1)], values: values.slice(from * width, to * width) };
}

/** Columns of a matrix. */
export function columns(matrix: Values, from: number, to: number): Values {
  return transposed(rows(transposed(matrix), from, to));
}

/** One below the other along the first axis. */
export function stacked(parts: readonly Values[]): Values {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return {
    shape: [parts.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0), ...(parts[0]?.shape.slice(1) ?? [])],
    values,
  };
}

/** Matrices side by side. */
export function beside(parts: readonly Values[]): Values {
  return transposed(stacked(parts.map(transposed)));
}

/** Matrix product `[n, k] [k, m]`. */
export function product(a: Values, b: Values): Values {
  return dense(a, transposed(b), filled([b.shape[1] as number], 0));
}

/** x W^T + b with W `[out, in]`, as PyTorch's Linear. */
export function dense(x: Values, weight: Values, bias: Values): Values {
  const [n, width] = x.shape as [number, number];
  const out = weight.shape[0] as number;
  const made = new Float32Array(n * out);
  for (let i = 0; i < n; i++)
    for (let o = 0; o < out; o++) {
      let sum = bias.values[o] as number;
      for (let k = 0; k < width; k++)
        sum += (x.values[i * width + k] as number) * (weight.values[o * width + k] as number);
      made[i * out + o] = sum;
    }
  return { shape: [n, out], values: made };
}
