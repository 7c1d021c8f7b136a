import type { Prediction } from '../training/kinds/kind';

/** An answer on one line: what is said, and where it is a label how sure. */
export function answerLine(answer: Prediction): string {
  switch (answer.kind) {
    case 'label':
      return `${oneLine(answer.label)}\t${(answer.probabilities[answer.label] ?? NaN).toFixed(4)}`;
    case 'labels':
      return answer.labels.length === 0
        ? '(none)'
        : answer.labels
            .map((label) => `${oneLine(label)} ${(answer.probabilities[label] ?? NaN).toFixed(4)}`)
            .join('\t');
    case 'number':
      return answer.value.toFixed(4);
    case 'span':
    case 'text':
      return oneLine(answer.text);
  }
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]\s*/g, ' ');
}
