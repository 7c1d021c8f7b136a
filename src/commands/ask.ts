import { tableText } from '../plots/table';
import { demandQuestion, retrievers } from '../retrieval/retrieve';
import { answerText, askedTable, timesLine } from '../views/asked';
import { demandNone, flag, givenOf, print, printJson, textOf, wholeOf, wordOf, type Input } from './command';

/** `petl ask QUESTION`: passages as they were found and re-ranked, what was packed, the answer, and times. */
export async function askCommand(input: Input): Promise<number> {
  const question = demandQuestion(input.positionals[0] ?? '');
  const options = {
    retriever: wordOf(input, 'retriever', { words: retrievers, fallback: 'union' }),
    candidates: wholeOf(input, 'candidates', { least: 1, most: 100, fallback: 20 }),
    rerank: !flag(input, 'no-rerank'),
    passages: wholeOf(input, 'passages', { least: 1, most: 100, fallback: 8 }),
    window: wholeOf(input, 'window', { least: 32, most: 8192, fallback: 1024 }),
  };
  const { openAsker } = require('../retrieval/open-asker') as typeof import('../retrieval/open-asker');
  const adapter = givenOf(input, 'adapter');
  if (adapter !== undefined) demandNone(input, ['model'], 'with --adapter, which names its own model');
  const reading = adapter === undefined ? { model: textOf(input, 'model', 'smollm2-135m') } : { adapter };
  const asker = await openAsker(textOf(input, 'collection', 'verses'), reading);
  try {
    const asked = await asker.ask(question, options);
    if (flag(input, 'json')) printJson({ ...asked, opened: asker.opened });
    else
      print(
        [tableText(askedTable(asked)), '', `answer: ${answerText(asked)}`, timesLine(asked, asker.opened)].join('\n'),
      );
    return 0;
  } finally {
    asker.dispose();
  }
}
