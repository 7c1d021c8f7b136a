import type { Finding } from './verdict';
import { open } from './finding';

/** Houlsby et al. 2019. */
export const houlsby: readonly Finding[] = open('houlsby', [
  ['B1', 'Table 1', 'Adapters come within half a point of full fine-tuning on GLUE'],
  ['B2', 'Section 3.6', "The mean score hardly depends on the adapter's size"],
  ['B3', 'Section 3.2', 'Large data sets prefer large adapters'],
  ['B4', 'Table 2', 'On 17 further tasks adapters come within half a point of full fine-tuning'],
  ['B5', 'Figure 3', 'Over two orders of magnitude adapters stay flat while tuning the top layers falls'],
  ['B6', 'Figure 4, MNLI', 'An adapter of size 64 beats tuning the top layer at a fifth of its size'],
  ['B7', 'Figure 4, CoLA', 'The same order on CoLA'],
  ['B8', 'Figure 4', 'Training LayerNorms alone is clearly worse than adapters'],
  ['B9', 'Figure 5', 'On SQuAD adapters of size 64 and even 2 come near full fine-tuning'],
  ['B10', 'Figure 6, MNLI', "Removing one layer's adapters costs little, removing all falls to the majority class"],
  ['B11', 'Figure 6, CoLA', 'The same on CoLA; upper layers matter more'],
  ['B12', 'Figure 6, right', 'Initial deviations up to 0.01 do equally well, larger ones worse'],
  ['B13', 'Figure 7', 'Adapters bear a wider and higher range of learning rates than full fine-tuning'],
  ['B14', 'Section 3.6', 'Inner norms, depth, other activations, attention only, parallel placement: no gain'],
  ['B15', 'Tables 1 and 2', 'Nine tasks take 1.3 times the parameters of one model'],
  ['B16', 'Section 1', "Training a second task leaves the first task's score as it was"],
]);

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
