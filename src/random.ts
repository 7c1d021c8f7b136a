/** Numbers in [0, 1), the same for the same seed on every machine. */
export type Random = () => number;

/**
 * The generator mulberry32 (Tommy Ettinger, public domain): 32 bits of state, a Weyl sequence mixed by two
 * multiplications.
 * Enough for shuffles and synthetic data; not for cryptography.
 */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One seed made of several whole numbers, such as a run's seed and an epoch, so that neighbours share no stream. */
export function mixSeeds(...seeds: readonly number[]): number {
  return seeds.reduce((mixed, seed) => {
    const step = Math.imul((mixed ^ seed) + 0x9e3779b9, 0x85ebca6b);
    return Math.imul(step ^ (step >>> 13), 0xc2b2ae35) >>> 0;
  }, 0);
}

/** A shuffled copy (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
  }
  return copy;
}

/** Random numbers that depend on the seed and the name alone: a variable starts the same whatever else exists. */
export function randomStream(seed: number, name: string): Random {
  return randomFrom(mixSeeds(seed, nameHash(name)));
}

/** Standard normal numbers, two from each pair of uniform ones (Box and Muller 1958). */
export function normals(random: Random): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** FNV-1a, 32 bits. */
function nameHash(text: string): number {
  let state = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193);
  return state >>> 0;
}
