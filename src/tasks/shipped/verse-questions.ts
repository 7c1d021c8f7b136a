import { chatText } from '../../model/chat';
import { answerable, type Answerable, type Order } from '../collections/contexts';
import type { Passage, Question } from '../collections/collection';
import { pack } from '../collections/pack';
import { askedText, readerText, withShots } from '../collections/reading';
import { verses } from '../collections/verses';
import { generationTask, type GenerationExample, type GenerationTask } from '../generation';
import type { TaskData } from '../task';
import { wordCount } from '../text';

/**
 * Open-domain questions in the role of Natural Questions: which name is left out of a verse, from what was found for it.
 * A test question is asked once under each arm; the score is the mean over all of them, of what is written.
 */
export const verseQuestions: GenerationTask = generationTask({
  name: 'verse-questions',
  about:
    'a name left out of a verse, answered from retrieved verses (the role of Natural Questions); needs petl index verses',
  targetTokens: 12,
  metric: 'answer-match',
  placesOf,
  load: () => Promise.resolve().then(() => verseQuestionData(answerable(verses.name))),
});

/** What a test question is read with. */
export interface Arm {
  readonly name: string;
  /** `gold`: the passage that the question was made from; `none`: no passage. */
  readonly order: Order | 'gold' | 'none';
  readonly passages: number;
  /** Answered questions in front, each with the passage that it was made from. */
  readonly shots: number;
  /** `chat`: as `petl ask` asks a model as it is; `text`: as readers are trained, and as a text goes on. */
  readonly form: 'text' | 'chat';
}

const arm = (order: Arm['order'], passages: number, shots = 0, form: Arm['form'] = 'text'): Arm => ({
  name: [
    order,
    ...(passages > 0 ? [passages] : []),
    ...(form === 'chat' ? ['in chat form'] : []),
    ...(shots > 0 ? [`behind ${shots} examples`] : []),
  ].join(' '),
  ...{ order, passages, shots, form },
});

/** What readers are trained on, and validated. */
export const usualArm: Arm = arm('reranked', 4);
export const arms: readonly Arm[] = [
  ...[usualArm, arm('union', 4), arm('reranked', 4, 2), arm('none', 0)],
  ...[arm('dense', 4), arm('dense-reranked', 4)],
  ...[arm('reranked', 1), arm('reranked', 2), arm('reranked', 8)],
  ...[arm('union', 1), arm('union', 8), arm('gold', 1)],
  ...[arm('reranked', 4, 0, 'chat'), arm('reranked', 4, 2, 'chat')],
];

/** Words of passages that are read at most, so that question and answer fit into every reader's positions. */
const WINDOW = 220;

/** Test questions, each asked under every arm. */
export const asked = 100;

/** Places of an arm's questions among the test examples, which stand arm after arm. */
function placesOf(name: string, scored: number): readonly number[] {
  const first = asked * arms.findIndex((own) => own.name === name);
  return first < 0 ? [] : Array.from({ length: asked }, (_, i) => first + i).filter((at) => at < scored);
}

/** Training and validation by the usual arm; every arm of every test question. */
export function verseQuestionData(all: readonly Answerable[]): TaskData<GenerationExample> {
  const of = (split: Question['split']): readonly Answerable[] =>
    all.filter(({ question }) => question.split === split);
  const [train, tests] = [of('train'), of('test').slice(0, asked)];
  const shots = train.slice(0, Math.max(...arms.map((own) => own.shots)));
  const usual = (one: Answerable): GenerationExample => exampleOf(one, usualArm, []);
  return {
    train: train.slice(shots.length).map(usual),
    validation: of('validation').map(usual),
    test: arms.flatMap((own) => tests.map((one) => exampleOf(one, own, shots))),
  };
}

function exampleOf(one: Answerable, own: Arm, shots: readonly Answerable[]): GenerationExample {
  const before = shots.slice(0, own.shots);
  const id = `${one.question.id}/${own.name}`;
  return { id, text: own.form === 'chat' ? inChat(one, own, before) : inText(one, own, before), target: answerTo(one) };
}

const shown = arm('gold', 1);

function inText(one: Answerable, own: Arm, shots: readonly Answerable[]): string {
  const text = (asked: Answerable, read: Arm): string =>
    readerText(packed(asked, read), verses.asked(asked.question.text));
  return withShots(
    shots.map((shot) => [text(shot, shown), answerTo(shot)] as const),
    text(one, own),
  );
}

function inChat(one: Answerable, own: Arm, shots: readonly Answerable[]): string {
  const text = (asked: Answerable, read: Arm): string =>
    askedText(packed(asked, read), verses.asked(asked.question.text));
  return chatText(
    text(one, own),
    shots.map((shot) => [text(shot, shown), answerTo(shot)] as const),
  );
}

/** The passages of an arm that fit into the window. */
function packed({ found, gold }: Answerable, { order, passages }: Arm): readonly Passage[] {
  const ranked = order === 'none' ? [] : order === 'gold' ? [gold] : found(order, passages);
  const { places } = pack([...ranked.keys()], (place) => wordCount(ranked[place]?.text ?? ''), { window: WINDOW });
  return ranked.slice(0, places.length);
}

const answerTo = ({ question }: Answerable): string => question.answers[0] ?? '';
