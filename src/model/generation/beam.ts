import type { Search } from './settings';

type BeamSettings = Pick<Extract<Search, { kind: 'beam' }>, 'beams' | 'lengthPenalty' | 'earlyStopping'>;

/** A text under way; `parent` is the beam of the step before that it goes on from. */
export interface Beam {
  readonly tokens: readonly number[];
  readonly score: number;
  readonly parent: number;
}

/** A text that has ended, its score divided by length^penalty. */
export interface Finished {
  readonly tokens: readonly number[];
  readonly score: number;
  readonly done: boolean;
}

/** The search for one source: immutable, `advance` gives the next. */
export interface BeamState {
  readonly running: readonly Beam[];
  readonly finished: readonly Finished[];
  readonly done: boolean;
}

/** Scores this low stand for "not there": as in transformers, so that orders are the same. */
const NEVER = -1e9;

export function startBeams({ beams }: BeamSettings): BeamState {
  const none: Finished = { tokens: [], score: NEVER, done: false };
  return {
    running: [{ tokens: [], score: 0, parent: 0 }],
    finished: Array.from({ length: beams }, () => none),
    done: false,
  };
}

/**
 * One step of beam search as transformers does it: of the best (1 + end tokens) x beams continuations, at least twice
 * the
 * beams, those that end and are among the best `beams` are kept by their score over length^penalty; the best others run
 * on.
 * @param logarithms constrained log-probabilities of each running beam, `[V]` each @param last true at the full length
 */
export function advance(
  state: BeamState,
  logarithms: readonly Float32Array[],
  settings: BeamSettings,
  { end, last }: { readonly end: readonly number[]; readonly last: boolean },
): BeamState {
  const { beams, lengthPenalty, earlyStopping } = settings;
  const candidates = bestContinuations(state.running, logarithms, Math.max(2, 1 + end.length) * beams);
  const ends = candidates.map(({ tokens }) => last || end.includes(tokens[tokens.length - 1] as number));
  const length = candidates[0]?.tokens.length ?? 1;
  const full = earlyStopping && state.finished.every(({ done }) => done);
  const fresh = candidates.map(({ tokens, score }, i): Finished => {
    const ended = ends[i] === true && i < beams;
    return { tokens, score: score / length ** lengthPenalty + (ended && !full ? 0 : NEVER), done: ended };
  });
  const finished = stableTop([...state.finished, ...fresh], beams);
  const running = stableTop(
    candidates.map((beam, i) => (ends[i] === true ? { ...beam, score: beam.score + NEVER } : beam)),
    beams,
  );
  const best = (running[0]?.score ?? NEVER) / length ** lengthPenalty;
  const improvable = finished.some(({ done }) => !done) || best > Math.min(...finished.map(({ score }) => score));
  const done = last || !improvable || (earlyStopping && finished.every((f) => f.done));
  return { running, finished, done };
}

/** The `count` best of all beams' continuations, best first, the first of equals in order of beam and token. */
function bestContinuations(
  running: readonly Beam[],
  logarithms: readonly Float32Array[],
  count: number,
): readonly Beam[] {
  const scores: number[] = [];
  const places: (readonly [beam: number, token: number])[] = [];
  running.forEach(({ score }, beam) => {
    const row = logarithms[beam] as Float32Array;
    for (let token = 0; token < row.length; token++) {
      const sum = Math.fround(score + (row[token] as number));
      if (scores.length === count && sum <= (scores[count - 1] as number)) continue;
      let at = scores.length;
      while (at > 0 && (scores[at - 1] as number) < sum) at--;
      scores.splice(at, 0, sum);
      places.splice(at, 0, [beam, token]);
      if (scores.length > count) {
        scores.pop();
        places.pop();
      }
    }
  });
  return places.map(([parent, token], i) => ({
    tokens: [...(running[parent] as Beam).tokens, token],
    score: scores[i] as number,
    parent,
  }));
}

function stableTop<T extends { readonly score: number }>(items: readonly T[], count: number): readonly T[] {
  return [...items].sort((a, b) => b.score - a.score).slice(0, count);
}
