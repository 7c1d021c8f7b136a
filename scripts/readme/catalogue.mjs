// What methods cost, and what the notebooks show.
import { readdirSync, readFileSync } from 'node:fs';
import { at, lab, tableMarkdown } from './lab.mjs';

export function counts() {
  const examples = [
    ['minilm-l6', 'lora:r=16'],
    ['minilm-l6', 'mam:l=4,r=60'],
    ['roberta-base', 'lora:r=16'],
    ['roberta-base', 'mam:l=16,r=16,s=2'],
    ['bert-large-uncased', 'houlsby:m=64'],
    ['bart-large', 'prefix:l=200,mlp=800'],
    ['bart-large', 'pa-ffn:r=512,s=4'],
    ['bart-large', 'mam:l=30,r=512'],
  ];
  return tableMarkdown({
    columns: [
      { title: 'model', align: 'left' },
      { title: 'method', align: 'left' },
      ...['parameters', 'trained', 'stored', 'paper', 'paper %'].map((title) => ({ title, align: 'right' })),
    ],
    rows: examples.map(([model, method]) => {
      const { backbone, trained, stored, paper, share } = lab.count(lab.parseMethod(method), lab.knownShapes[model]);
      return [
        model,
        `\`${method}\``,
        ...[backbone, trained, stored, paper].map((value) => value.toLocaleString('en')),
        (100 * share).toFixed(2),
      ];
    }),
  });
}

export function notebooks() {
  const files = readdirSync(at('notebooks'))
    .filter((name) => name.endsWith('.ipynb'))
    .sort();
  const rows = files.map((name) => {
    const [first] = JSON.parse(readFileSync(at('notebooks', name), 'utf8')).cells;
    const title = /^#\s+(.*)$/m.exec([first.source].flat().join(''))?.[1] ?? name;
    return [`[${name.replace('.ipynb', '')}](notebooks/${name})`, title];
  });
  return tableMarkdown({
    columns: [
      { title: 'notebook', align: 'left' },
      { title: 'shows', align: 'left' },
    ],
    rows,
  });
}
