import type { Finding } from './verdict';
import { open } from './finding';

/** Levine et al. 2022. */
export const ai21: readonly Finding[] = open('ai21', [
  [
    'D1',
    'Section on input-dependent prompts',
    'In many tasks at once, input-dependent prompts beat a fixed prompt and match full multi-task tuning',
  ],
  ['D2', 'Section on input-dependent prompts', 'They need about half of the training data'],
  ['D3', 'Method', 'The gain vanishes when the prompt no longer depends on the input'],
  ['D4', 'Method', 'Size and kind of the prompt generator'],
  ['D5', 'Section on input-dependent prompts', 'They add about 1% to inference time'],
  ['D6', 'Section on frozen readers', "Re-ranked passages are better than the retriever's order"],
  ['D7', 'Section on frozen readers', 'More passages in the window help, then flatten'],
  ['D8', 'Section on frozen readers', 'A mixed retriever beats a dense one'],
  ['D9', 'Section on frozen readers', 'A large frozen reader equals the best fine-tuned one'],
  ['D10', 'Section on frozen readers', 'A trained prompt beats zero-shot and few-shot reading'],
  ['D11', 'Section on textual recursion', 'A second pass through the same frozen model gains 1.8 points'],
  ['D12', 'Section on textual recursion', 'More sampled candidates help'],
  ['D13', 'Section on neural recursion', 'A connector between two passes beats one pass'],
  ['D14', 'Section on neural recursion', 'Pretraining the connector is vital'],
  ['D15', 'Section on neural recursion', 'The same pretraining hardly helps prompt tuning'],
  ['D16', 'Section on neural recursion', 'Two passes of a small model against one of a model twice the size'],
  ['D17', 'Introduction', 'Frozen models lose nothing on other tasks'],
]);
