import { setTimeout as pause } from 'node:timers/promises';
import { resultsFolder } from '../experiments/store/spec';
import { boardLines } from '../experiments/runner/progress';
import { watched, type Watched } from '../experiments/runner/watch';
import { flag, print, printJson, type Input } from './command';
import { relativePath } from './paths';

/** `petl watch`: the studies that run now, redrawn until they end; once where the output is no terminal. */
export async function watchCommand(input: Input): Promise<number> {
  if (flag(input, 'json')) printJson(watched().map(({ picture, alive }) => ({ ...picture, alive })));
  else if (flag(input, 'once') || !process.stdout.isTTY) print(pictures(watched(), 200));
  else await follow();
  return 0;
}

async function follow(): Promise<void> {
  let drawn = 0;
  for (let all = watched(); ; all = watched()) {
    const text = pictures(all, process.stdout.columns);
    process.stdout.write(`${drawn > 0 ? `\u001b[${drawn}A\u001b[J` : ''}${text}\n`);
    drawn = text.split('\n').length;
    if (all.every(({ alive }) => !alive)) return;
    await pause(1000);
  }
}

function pictures(all: readonly Watched[], columns: number): string {
  if (all.length === 0) return `no study runs on ${relativePath(resultsFolder())}`;
  return all
    .map(({ picture, alive }) => [
      ...boardLines(picture, columns),
      ...(alive ? [] : ['its process has ended before the study did: the same command goes on from there']),
    ])
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
