const [n, m] = [624, 397];

/** The Mersenne Twister of Matsumoto and Nishimura (1998), as PyTorch seeds it: 32-bit numbers. */
export function mersenneTwister(seed: number): () => number {
  const state = new Uint32Array(n);
  state[0] = seed;
  for (let i = 1; i < n; i++) {
    const before = state[i - 1] as number;
    state[i] = Math.imul(1812433253, before ^ (before >>> 30)) + i;
  }
  let at = n;
  return () => {
    if (at === n) {
      twist(state);
      at = 0;
    }
    return tempered(state[at++] as number);
  };
}

function twist(state: Uint32Array): void {
  for (let i = 0; i < n; i++) {
    const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % n] as number) & 0x7fffffff);
    state[i] = (state[(i + m) % n] as number) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}

function tempered(word: number): number {
  let y = word;
  y ^= y >>> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return (y ^ (y >>> 18)) >>> 0;
}

/** PyTorch's `tensor.uniform_(-bound, bound)` on a CPU: the low 24 bits of each number, in float32. */
export function torchUniform(next: () => number, size: number, bound: number): Float32Array {
  const [from, range] = [Math.fround(-bound), Math.fround(Math.fround(bound) - Math.fround(-bound))];
  return Float32Array.from({ length: size }, () =>
    Math.fround(Math.fround((next() & 0xffffff) * 2 ** -24 * range) + from),
  );
}
