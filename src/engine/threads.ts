import { availableParallelism } from 'node:os';

/** Threads that TensorFlow has for an op: as many as TF_NUM_INTRAOP_THREADS says, or one for each core. */
export function threadsHere(): number {
  return told() ?? availableParallelism();
}

/**
 * Threads that shards may have: those that this process was told of, as the workers of a study are. Elsewhere (a
 * notebook, an index) batches stay whole, and numbers do not depend on how many cores there are.
 */
export function threadsTold(): number {
  return told() ?? 1;
}

function told(): number | undefined {
  return Number(process.env.TF_NUM_INTRAOP_THREADS) || undefined;
}

/** Grids share sequences out to four: shards keep their shapes (`model/packing.ts`). Fewer rows make slow products. */
const [multiple, least] = [4, 8];

/**
 * Shards that a batch of so many sequences is cut into, one for each thread at most. Their ops form chains of their own
 * in one program, which run side by side: an op that two threads share waits for the slower one, and its product takes a
 * quarter more time of the processor in two parts.
 */
export function shardsOf(sequences: number, threads: number = threadsTold()): number {
  const fits = (n: number): boolean =>
    sequences % n === 0 && (sequences / n) % multiple === 0 && sequences / n >= least;
  let shards = Math.max(1, threads);
  while (shards > 1 && !fits(shards)) shards -= 1;
  return shards;
}

/** Each program has threads of its own: a hundred programs of a large machine's cores are too many for one process. */
const most = 16;

/** Threads of each op of a program that computes so many shards side by side; undefined for all there are. */
export function opThreads(shards: number, threads: number = threadsTold()): number | undefined {
  const each = Math.max(1, Math.floor(threads / shards));
  return shards === 1 && each <= most ? undefined : Math.min(each, most);
}

/** Runs `body`, in which a program of so many shards is loaded or runs for the first time: what its sessions are told. */
export function inShards<X>(shards: number, body: () => X): X {
  const threads = opThreads(shards);
  if (threads === undefined) return body();
  const told = { PETL_INTRAOP_THREADS: String(threads), ...(shards > 1 && { PETL_SHARDS: String(shards) }) };
  Object.assign(process.env, told);
  try {
    return body();
  } finally {
    for (const key of Object.keys(told)) Reflect.deleteProperty(process.env, key);
  }
}
