import { describe } from 'vitest';

/**
 * What tests of a library for parameter-efficient transfer learning should hold, by number: a survey of what PEFT,
 * adapters and their
 * relatives test, and of what their users found untested. A test file of this folder, or beside the code, holds each.
 */
export const catalogue: readonly string[] = [
  // init and structure
  'Adapter added but not active: logits bit-identical to base',
  'Identity at init, per method: an expected table, not one rule',
  'Non-zero init flag really changes the output',
  'Initial distributions match the paper (LoRA A Kaiming-uniform a=sqrt5, B zero; Houlsby truncated normal; prefix per source): mean, std, zero checks',
  'Scaling: alpha/r, alpha/sqrt(r), per-module pattern overrides, parallel scale s, learned s starts at its value',
  'Number and names of inserted modules per layer match the config; leave_out / layer subsets honoured',
  'Unknown or unmatched position, method, or config key raises, naming the key; partial match raises too',
  'Every config field changes something: for each field, two values give two different models or counts',
  'Invalid combinations raise before any weight is made',
  'Incompatible hidden size / bottleneck / head divisibility raises',
  // training
  'Only the intended parameters receive gradients; base gradients are absent, not just unused',
  'After k optimizer steps every trainable tensor moved, every frozen tensor is bit-equal',
  'Every counted trainable element can receive a non-zero gradient on some batch',
  'Trainable count equals a closed-form formula per method x architecture x size',
  'Three counts agree with their definitions: trainable, used in forward, stored for inference; re-parameterisation collapses to the stored one',
  'Head trained when the task needs one, and reported separately from the adapter count',
  'Gradient check: finite differences against autodiff for each method on a tiny model',
  'Loss on a tiny fixed batch falls below a threshold for every method',
  'Gradient accumulation n x b equals one batch n*b in gradient',
  'Activation checkpointing gives the same gradients as without, base frozen',
  'Weight decay, clip and schedule touch only trainable tensors; clip norm computed on them only',
  "Same seed: identical init, data order, dropout, losses and final tensors; adapter init drawn after seeding and independent of other adapters' existence",
  'Different seed: different init; per-adapter seed isolates',
  'No tensor leak: live tensor count is constant across steps',
  // switching and composition
  'Disabling restores base logits exactly, and leaving the scope restores the former state even after an exception',
  'PiSSA-like methods that edit the base: "disable = base" is false; must be declared or converted',
  'Two adapters: activating one never changes the other; names do not matter; a name that is a substring of another is safe',
  'Deleting removes all tensors and config, keeps others, unknown name raises, deleting a merged one is refused',
  'Merge equals unmerged within tolerance; unmerge restores; merging twice is a no-op with warning; merge of NaN/Inf refused and leaves base intact',
  'Sequential merges equal batch merge; weighted sum equals the weighted deltas; negative weights negate',
  'Stack/compose order matters as specified; parallel composition of one equals single; training in parallel equals training singly',
  'Mixed batch: row i with adapter a equals a single-adapter run of row i; includes "no adapter" rows, and beam search',
  'Fusion/gates: weights sum to one, gate 0 gives base, gate 1 gives full effect',
  // prefix, prompt, generation
  "Prefix as attention equals the paper's gated-add rewrite: (1-lambda) attn + lambda prefix-attn, to 1e-5",
  'Virtual tokens: masks, position ids and label offsets right; padding left/right gives the same answer for the same row',
  'Generation with cache equals without, greedy; beam repeats adapter state per beam; first step includes the prefix',
  'Collapsed (stored) prefix gives the same logits as the MLP-generated one',
  'Encoder-decoder: encoder, self and cross prefixes each change what they should and nothing else',
  // save, load, interop
  'Save -> load into a fresh base with another seed: same logits; loader reports no missing and no unexpected keys',
  'Save -> load -> save is byte-stable; key set pinned against stored fixtures per method',
  'Stored file holds no base tensors and its size equals the stored count x bytes + header',
  'Wrong base (other hidden size, other weights by hash) is refused with a clear message',
  'Load with and without head; head of other label count refused',
  'Older config versions load; unknown newer keys warn, not crash',
  'Import a PEFT / adapters file and reproduce its logits to 1e-5; export and let the other library load it',
  'Resume at step k equals an uninterrupted run, including optimizer moments, schedule, RNG and data position',
  // results
  'Numbers in a table or plot are recomputed from run files, never typed',
  'Failed or cancelled runs cannot enter a plot',
  'Metrics (ROUGE, BLEU, PPL, F1, accuracy) match a reference implementation on fixed pairs',
  'Statistics: mean, standard error and paired test against known small examples',
  'Test data never used for selection; splits disjoint by hash',
];

/** Entries that can only be held in a nearest meaning here, and which. */
export const nearest: Readonly<Record<number, string>> = {
  20: 'nothing recomputes activations here; the base is spared otherwise, by computing the last block for the rows that are read and fusing what nothing looks at',
  26: "PiSSA here is a difference beside the untouched base; other libraries' folders of it are converted both ways",
  28: 'merging makes new weights and keeps no tie to the adapter, so that deleting it afterwards is safe rather than refused',
  29: 'merging is a function of the frozen weights: doing it twice gives the same, there is nothing to warn of',
  32: 'a mixed batch is a visit of the model; in beam search each row of a batch is compared with its own run',
  46: 'here from a copy of the training state; src/training/resume.test.ts kills whole runs and goes on from their files',
};

/** The tests of one entry of the catalogue, under its number and words. */
export function invariant(number: number, body: () => void): void {
  describe(`${number}. ${catalogue[number - 1] ?? 'not in the catalogue'}`, body);
}
