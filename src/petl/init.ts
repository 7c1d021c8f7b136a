import { mixSeeds, randomFrom, type Random } from '../random';
import { sizeOf, type VariableInit } from './spec';

export type DrawnInit = Extract<VariableInit, { kind: 'constant' | 'normal' | 'truncatedNormal' | 'uniform' }>;

/** Random numbers that depend on the seed and the name alone: a variable starts the same whatever else exists. */
export function randomStream(seed: number, name: string): Random {
  return randomFrom(mixSeeds(seed, hash(name)));
}

/** Starting values of a variable in row-major order. */
export function drawInit(init: DrawnInit, shape: readonly number[], seed: number, name: string): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  switch (init.kind) {
    case 'constant': return values.fill(init.value);
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

/** Standard normal numbers, two from each pair of uniform ones (Box and Muller 1958). */
function normals(random: Random): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) { const value = spare; spare = undefined; return value; }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

function within(next: () => number, bound: number): number {
  for (;;) {
    const value = next();
    if (Math.abs(value) <= bound) return value;
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}
