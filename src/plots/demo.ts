import type { RunRow } from './summary';

/** Made-up runs for the tests of tables and figures. Every name says so; no score here was ever measured. */
const methods: readonly (readonly [
  method: string,
  label: string,
  form: string,
  site: string,
  share: number,
  score: number,
])[] = [
  ['demo-full', 'full fine-tuning', 'full fine-tuning', 'own weights', 100, 0.839],
  ['demo-head', 'head only', 'head only', 'head', 0, 0.771],
  ['demo-bitfit', 'BitFit', 'own weights', 'own weights', 0.11, 0.804],
  ['demo-norms', 'LayerNorm', 'own weights', 'own weights', 0.04, 0.798],
  ['demo-prompt', 'prompt tuning l=16', 'prompt', 'input', 0.027, 0.785],
  ['demo-prefix', 'prefix tuning l=16', 'prefix', 'attention', 0.33, 0.806],
  ['demo-lora', 'LoRA r=8', 'low-rank', 'attention', 0.32, 0.812],
  ['demo-lora-ffn', 'LoRA (FFN) r=32', 'low-rank', 'FFN', 3.3, 0.826],
  ['demo-pfeiffer', 'Pfeiffer adapter r=48', 'adapter', 'FFN', 0.98, 0.821],
  ['demo-houlsby', 'Houlsby adapter r=48', 'adapter', 'attention + FFN', 1.96, 0.824],
  ['demo-pa-ffn', 'scaled PA (FFN) r=64', 'adapter', 'FFN', 1.31, 0.828],
  ['demo-mh-pa', 'multi-head PA r=16', 'adapter', 'attention', 0.36, 0.811],
  ['demo-mam', 'MAM', 'mixed', 'attention + FFN', 1.46, 0.834],
];

export function demoRows(seeds = 3, task = 'demo-task'): RunRow[] {
  return methods.flatMap(([method, label, form, site, share, score], m) =>
    Array.from({ length: seeds }, (_, s): RunRow => ({
      study: 'demo-study',
      tier: 'quick',
      method,
      label,
      form,
      site,
      insertion: ['adapter', 'low-rank'].includes(form)
        ? /houlsby|pfeiffer/.test(method)
          ? 'sequential'
          : 'parallel'
        : '',
      composition: '',
      task,
      model: 'demo-model',
      seed: s + 1,
      trained: Math.round(share * 226000),
      used: Math.round(share * 226000),
      stored: Math.round(share * 226000),
      head: 770,
      paper: Math.round(share * 220000),
      backbone: 22600000,
      share,
      score: score + 0.006 * Math.sin(7 * m + 3 * s),
      metric: 'accuracy',
      seconds: 20 + m,
      peakMb: 900 + m,
    })),
  );
}
