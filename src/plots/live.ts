import { seconds, duration } from '../clock';
import type { Figure } from './figure';
import { escapeXml } from './fonts';
import { lossCurve, type Curve } from './loss-curve';
import { newId, notebook, type Output } from './output';
import type { CurvePoint } from './smooth';
import { sparkline } from './sparkline';
import { figureSvg } from './svg';
import { standardError, type Screen } from '../screen';

export interface LiveOptions {
  readonly label: string;
  /** Steps in all. */
  readonly total: number;
  /** What the curve shows: `loss`. */
  readonly unit?: string;
  readonly output?: Output | undefined;
  /** A clock in seconds, for tests. */
  readonly clock?: () => number;
  /** Where the line goes outside a notebook. */
  readonly terminal?: Screen;
}

/** A bar and a curve that grow while something runs. Updates are drawn at most four times a second. */
export interface Live {
  /** `done` steps of the total are done; with a value the curve gets a point. */
  readonly step: (done: number, value?: number) => void;
  /** A point of a second, dashed curve: `validation loss`. */
  readonly mark: (name: string, point: CurvePoint) => void;
  /** Ends the bar. In a notebook one still picture takes its place; `show` draws the figure that it gives. */
  readonly finish: (note?: string) => Promise<Figure>;
  /** Takes the bar away: what ran was stopped, and a line in its place says so. */
  readonly stop: (line: string) => void;
}

interface State {
  readonly options: LiveOptions;
  readonly id: string;
  readonly began: number;
  readonly points: CurvePoint[];
  readonly marks: Map<string, CurvePoint[]>;
  done: number;
  drawnAt: number;
  /** A late step must not take the place of the finished figure. */
  ended: boolean;
}

const interval = 0.25;

/**
 * A curve that grows while something trains: one figure in a notebook, redrawn in place a few times a second, and one
 * line in a terminal. `step(done, value)` adds a point.
 */
export function liveCurve(given: LiveOptions): Live {
  const options = { output: notebook(), clock: seconds, terminal: standardError(), ...given };
  const state: State = {
    options,
    id: newId(),
    began: options.clock(),
    points: [],
    marks: new Map(),
    done: 0,
    drawnAt: -Infinity,
    ended: false,
  };
  return {
    step: (done, value) => {
      if (state.ended) return;
      state.done = done;
      if (value !== undefined) state.points.push({ step: done, value });
      if (options.clock() - state.drawnAt >= interval) draw(state);
    },
    mark: (name, point) => {
      state.marks.set(name, [...(state.marks.get(name) ?? []), point]);
    },
    finish: (note = '') => finish(state, note),
    stop: (line) => stop(state, line),
  };
}

/** The bar alone. */
export function progressBar(options: LiveOptions): Live {
  const live = liveCurve(options);
  return { ...live, step: (done) => live.step(done) };
}

function draw(state: State): void {
  const { output, terminal } = state.options;
  state.drawnAt = clockOf(state)();
  if (output) output.show({ 'text/html': barHtml(state), 'text/plain': lineOf(state) }, state.id);
  else if (terminal && terminal.columns > 0)
    terminal.write(`\r${lineOf(state).slice(0, terminal.columns - 1)}\u001b[K`);
}

async function finish(state: State, note: string): Promise<Figure> {
  state.ended = true;
  const { label, unit = 'loss', output } = state.options;
  const time = `${duration(clockOf(state)() - state.began)}${note === '' ? '' : `, ${note}`}`;
  const curves: Curve[] = [
    { label: unit, points: state.points },
    ...[...state.marks].map(([name, points]): Curve => ({ label: name, points, dash: 'dash' })),
  ];
  const figure = lossCurve(curves, {
    name: 'training',
    title: label,
    subtitle: `${state.done} steps in ${time}`,
    unit,
    height: 320,
    width: 700,
  });
  const words = `${state.done} steps in ${time}`;
  if (output && state.points.length > 0)
    output.show({ 'image/svg+xml': await figureSvg(figure), 'text/plain': `${label}: ${words} (figure)` }, state.id);
  else say(state, words);
  return figure;
}

function stop(state: State, line: string): void {
  state.ended = true;
  say(state, line);
}

/** One line in the place of the bar. */
function say({ id, options: { label, output, terminal } }: State, words: string): void {
  if (output)
    output.show(
      { 'text/html': `<b>${escapeXml(label)}</b>: ${escapeXml(words)}`, 'text/plain': `${label}: ${words}` },
      id,
    );
  else terminal?.write(`${terminal.columns > 0 ? '\r\u001b[K' : ''}${label}: ${words}\n`);
}

function clockOf({ options }: State): () => number {
  return options.clock ?? seconds;
}

/** `LoRA r=8  ━━━━──── 120/250  loss 0.431  12 s, about 13 s left` */
function lineOf(state: State): string {
  const { label, total } = state.options;
  const full = Math.round(12 * Math.min(1, state.done / Math.max(1, total)));
  return `${label}  ${'━'.repeat(full)}${'─'.repeat(12 - full)} ${state.done}/${total}  ${[valueOf(state), timeOf(state)].filter((text) => text !== '').join('  ')}`;
}

function valueOf({ options, points }: State): string {
  const last = points[points.length - 1];
  return last ? `${options.unit ?? 'loss'} ${last.value.toFixed(3)}` : '';
}

function timeOf(state: State): string {
  const { total } = state.options;
  const time = clockOf(state)() - state.began;
  if (state.done === 0 || state.done >= total) return duration(time);
  return `${duration(time)}, about ${duration((time / state.done) * (total - state.done))} left`;
}

function barHtml(state: State): string {
  const { label, total } = state.options;
  const words = `${state.done}/${total}&ensp;${escapeXml([valueOf(state), timeOf(state)].filter((text) => text !== '').join(' · '))}`;
  const bar = `<progress value="${state.done}" max="${total}" style="width:240px;vertical-align:middle"></progress>`;
  const curve = state.points.length > 1 ? `<div>${sparkline(state.points, total)}</div>` : '';
  return `<div><b>${escapeXml(label)}</b>&ensp;${bar}&ensp;${words}</div>${curve}`;
}
