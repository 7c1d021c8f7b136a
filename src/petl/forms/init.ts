import { normals, randomStream } from '../../random';
import { sizeOf, type VariableInit } from './spec';

export { randomStream } from '../../random';

export type DrawnInit = Extract<VariableInit, { kind: 'constant' | 'normal' | 'truncatedNormal' | 'uniform' }>;

/** Starting values of a variable in row-major order. */
export function drawInit(init: DrawnInit, shape: readonly number[], seed: number, name: string): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  switch (init.kind) {
    case 'constant':
      return values.fill(init.value);
    case 'uniform': {
      const random = randomStream(init.seed === 'run' ? seed : init.seed, name);
      return values.map(() => (2 * random() - 1) * init.bound);
    }
    case 'normal': {
      const next = normals(randomStream(seed, name));
      return values.map(() => next() * init.std);
    }
    case 'truncatedNormal': {
      const next = normals(randomStream(seed, name));
      return values.map(() => init.std * within(next, 2));
    }
  }
}

function within(next: () => number, bound: number): number {
  for (;;) {
    const value = next();
    if (Math.abs(value) <= bound) return value;
  }
}
