import { randomFrom } from '../../random';

/** A run as scheduling sees it. */
export interface Job {
  /** Runs of one key share compiled programs. */
  readonly key: string;
  readonly seconds: number;
}

/** What waits, summed up. */
export interface Waiting {
  /** Seconds of each key. */
  readonly work: ReadonlyMap<string, number>;
  readonly all: number;
  readonly longest: number;
}

export function waiting(queue: readonly Job[]): Waiting {
  const work = new Map<string, number>();
  for (const { key, seconds } of queue) work.set(key, (work.get(key) ?? 0) + seconds);
  const all = [...work.values()].reduce((sum, seconds) => sum + seconds, 0);
  return { work, all, longest: queue.reduce((most, { seconds }) => Math.max(most, seconds), 0) };
}

/** A lane that is free, among the others. */
export interface Lane {
  readonly lanes: number;
  /** What it has compiled last. */
  readonly own: string | undefined;
  /** What the other lanes work on. */
  readonly others: ReadonlySet<string>;
}

/** With so few runs left for each lane the longest goes first, whatever it must compile: found best by `simulate`. */
const rounds = 2;

/**
 * Sorts the runs that wait as a free lane should take them: near the end the longest; before,
 * those that share the lane's programs, then those of the key with the most work left that no other lane is busy with;
 * of a key the longest.
 */
export function before({ work, all, longest }: Waiting, { lanes, own, others }: Lane): (a: Job, b: Job) => number {
  const isUrgent = ({ seconds }: Job): boolean => seconds === longest && seconds * lanes * rounds >= all;
  const rank = (job: Job): number => (isUrgent(job) ? 0 : job.key === own ? 1 : others.has(job.key) ? 3 : 2);
  return (a, b) => rank(a) - rank(b) || (work.get(b.key) ?? 0) - (work.get(a.key) ?? 0) || b.seconds - a.seconds;
}

/** Machines and their faults. Times in seconds. */
export interface Machines {
  readonly workers: number;
  /** From a worker's start to its first step. */
  readonly start: number;
  /** For the programs of another key than the last. */
  readonly compile: number;
  /** What a run costs beside its own time: sending it, taking it over. */
  readonly each: number;
  /** Between two states that a lost run goes on from. */
  readonly keep: number;
  /** Until a lost worker is noticed and replaced. */
  readonly replace: number;
  /** Losses of one worker in an hour, drawn from an exponential distribution. */
  readonly losses: number;
  /** When the first workers are lost first, in place of what would be drawn for them. */
  readonly lostAt?: readonly number[];
  readonly seed: number;
}

export interface Simulated {
  readonly makespan: number;
  /** No schedule can be shorter, on machines that never fail. */
  readonly bound: number;
  readonly lost: number;
}

/** Runs the schedule on imagined machines. */
export function simulate(jobs: readonly Job[], machines: Machines): Simulated {
  const random = randomFrom(machines.seed);
  const until = (): number => (machines.losses === 0 ? Infinity : (-Math.log(1 - random()) * 3600) / machines.losses);
  const lanes = Array.from({ length: Math.min(machines.workers, jobs.length) }, (_, index) => ({
    index,
    free: machines.start,
    fails: machines.lostAt?.[index] ?? until(),
    key: undefined as string | undefined,
  }));
  const queue = queueOf(jobs);
  let [lost, makespan] = [0, 0];
  for (let left = jobs.length; left > 0; left -= 1) {
    const lane = lanes.reduce((first, one) => (one.free < first.free ? one : first));
    const busy = lanes.filter(({ index, free }) => index !== lane.index && free > lane.free);
    const others = new Set(busy.flatMap(({ key }) => key ?? []));
    const job = queue.take({ lanes: lanes.length, own: lane.key, others });
    const compiled = lane.key === job.key ? 0 : machines.compile;
    const end = lane.free + compiled + machines.each + job.seconds;
    if (end <= lane.fails) {
      Object.assign(lane, { free: end, key: job.key });
      makespan = Math.max(makespan, end);
      continue;
    }
    // What was kept of the run goes on elsewhere.
    const done = Math.max(0, lane.fails - lane.free - compiled);
    const kept = Math.floor(done / machines.keep) * machines.keep;
    lost += 1;
    left += 1;
    queue.add({ key: job.key, seconds: job.seconds - kept });
    const free = Math.max(lane.fails, lane.free) + machines.replace + machines.start;
    Object.assign(lane, { free, key: undefined, fails: free + until() });
  }
  return { makespan, bound: boundOf(jobs, lanes.length), lost };
}

/**
 * All the work shared out evenly; the longest run; and, since of the k m + 1 longest runs some machine gets k + 1, the
 * least that k + 1 of them can take (Graham 1969).
 */
function boundOf(jobs: readonly Job[], lanes: number): number {
  const times = jobs.map(({ seconds }) => seconds).sort((a, b) => b - a);
  const sum = (of: readonly number[]): number => of.reduce((total, one) => total + one, 0);
  let bound = sum(times) / lanes;
  for (let k = 0; k * lanes < times.length; k += 1)
    bound = Math.max(bound, sum(times.slice(k * lanes - k, k * lanes + 1)));
  return bound;
}

interface Queue {
  readonly add: (job: Job) => void;
  /** Of a queue that is not empty. */
  readonly take: (lane: Lane) => Job;
}

/** Thousands of runs by their keys: of each key only the longest can be next. */
function queueOf(jobs: readonly Job[]): Queue {
  const keys = new Map<string, Job[]>();
  const work = new Map<string, number>();
  const add = (job: Job): void => {
    const of = keys.get(job.key) ?? [];
    const at = of.findIndex(({ seconds }) => seconds < job.seconds);
    of.splice(at < 0 ? of.length : at, 0, job);
    keys.set(job.key, of);
    work.set(job.key, (work.get(job.key) ?? 0) + job.seconds);
  };
  [...jobs].sort((a, b) => b.seconds - a.seconds).forEach(add);
  return {
    add,
    take: (lane) => {
      const heads = [...keys.values()].flatMap(([head]) => head ?? []);
      const all = [...work.values()].reduce((sum, seconds) => sum + seconds, 0);
      const compare = before({ work, all, longest: Math.max(...heads.map(({ seconds }) => seconds)) }, lane);
      const next = heads.reduce((best, job) => (compare(job, best) < 0 ? job : best));
      keys.get(next.key)?.shift();
      if (keys.get(next.key)?.length === 0) keys.delete(next.key);
      work.set(next.key, (work.get(next.key) ?? 0) - next.seconds);
      return next;
    },
  };
}
