import { describe, expect, it } from 'vitest';
import { verseQuestions } from '../../tasks/shipped/verse-questions';
import { runId } from '../store/spec';
import { readerGate } from '../studies/base-gate';
import { asItIs, promptReader, readers, reading, smallReader } from '../studies/reader';
import { readerFindings } from './ai21-reader';
import { roomOf } from './roles';
import { record } from './testing/toy';

const linksOf = (id: string) => readerFindings().find((row) => row.id === id)!.links;

describe('findings on frozen readers', () => {
  it('name arms that the task has', () => {
    const arms = readerFindings().flatMap(({ links }) =>
      links.flatMap((one) => ('arms' in one ? (one.arms ?? []) : [])),
    );
    expect(arms.length).toBeGreaterThan(10);
    for (const arm of new Set(arms)) expect(verseQuestions.placesOf!(arm, Infinity), arm).toHaveLength(100);
  });

  it('rest on a gate whose fine-tuned runs are those of the setting itself, and on the usual arm alone', () => {
    const [both] = readerGate('full').variants;
    const base = both && { ...both, runs: both.runs.filter(({ model }) => model === reading.block.model) };
    expect(both?.runs).toHaveLength(6); // and as many of the small reader
    const whole = reading.study('full').variants.find(({ runs }) => runs[0]?.method === 'full');
    expect(base?.runs).toHaveLength(3);
    expect(base?.runs.map(runId)).toEqual(whole?.runs.slice(0, 3).map(runId)); // nothing trains twice
    expect(base?.runs[0]?.training.scored.test).toBe(verseQuestions.placesOf!('reranked 4', Infinity).length);
  });

  it('ask a model as it is in the chat form of petl ask first, and as a text goes on', () => {
    const asked = linksOf('D10').map((one) => ('arms' in one ? one.arms : []));
    const few = 'behind 2 examples';
    expect(asked).toEqual(
      ['reranked 4 in chat form', `reranked 4 in chat form ${few}`, 'reranked 4', `reranked 4 ${few}`].map((arm) => [
        'reranked 4',
        arm,
      ]),
    );
    expect(new Set(linksOf('D10').flatMap(({ second }) => second))).toEqual(new Set([asItIs(reading.block).name]));
  });

  it('have for room what the small fine-tuned reader has over the model as it is, on the passages that it learned', () => {
    const shares = new Map([
      [smallReader().name, 0.5],
      [promptReader().name, 0.4],
      [asItIs(reading.block).name, 0.1],
    ]);
    const place = { study: readers.studyName, task: reading.block.task };
    const room = roomOf(place, (_, variant) => {
      const run = record(variant, 1, { loss: 2 });
      const right = Array.from({ length: 200 }, (_one, i) =>
        Number(i < 100 * (shares.get(variant) ?? NaN) || i >= 100),
      );
      const spec = { ...run.run.spec, task: place.task };
      return [
        { ...run, run: { ...run.run, spec }, final: { ...run.final, metric: 'answer-match', perExample: right } },
      ];
    });
    expect(room).toBeCloseTo(0.4, 12);
  });
});
