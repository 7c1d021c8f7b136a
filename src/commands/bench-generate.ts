import { seconds } from '../clock';
import { backend } from '../engine/backend';
import { UserError } from '../errors';
import { chatPrompt } from '../model/chat';
import { Generator } from '../model/generation/generate';
import { greedy } from '../model/generation/settings';
import { openModel, type Model } from '../model/open';
import { backbone } from '../model/shapes';
import { printJson, wholeOf, type Input } from './command';

/** A prompt whose greedy answer is known (the model's own, read with llama.cpp's arithmetic). */
const golden = { model: 'smollm2-135m', question: 'What is the capital of France?', answer: 'The capital of France is Paris.' } as const;

/** `petl bench-generate`: how long SmolLM2 takes to load and to write a token, after it has given the answer it must give. */
export async function benchGenerateCommand(input: Input): Promise<number> {
  const tokens = wholeOf(input, 'tokens', { least: 8, most: 4096, fallback: 64 });
  const tensorflow = backend().binding.TF_Version; // loads TensorFlow before anything is measured
  const [before, start] = [peakMb(), seconds()];
  const model = await openModel(golden.model);
  const loadSeconds = seconds() - start;
  const loadMb = peakMb() - before;
  const generator = new Generator(model.backbone);
  const ids = promptOf(model);
  const said = model.tokenizer?.decode((await generator.generate([ids], { settings: greedy, special: model.special }))[0]?.tokens ?? []);
  if (said !== golden.answer) throw new Error(`asked "${golden.question}", ${golden.model} said "${said ?? ''}" and not "${golden.answer}"`);
  const steps = await timesOf(generator, model, ids, tokens);
  const float32Mb = 4 * backbone(model.backbone.shape) / 2 ** 20;
  printJson({
    model: golden.model, tensorflow, answer: said, loadSeconds, loadMb, float32Mb, loadRatio: loadMb / float32Mb, prompt: ids.length, tokens,
    msPerToken: steps[steps.length >> 1], msBest: steps[0], tokensPerSecond: 1000 / (steps[steps.length >> 1] ?? Infinity), peakMb: peakMb(),
  });
  generator.dispose();
  model.backbone.dispose();
  return 0;
}

function promptOf({ tokenizer }: Model): ArrayLike<number> {
  if (tokenizer === undefined) throw new UserError(`${golden.model} has no tokenizer: fetch it again`);
  return tokenizer.encode({ text: chatPrompt(tokenizer, golden.question), pair: null }, 4096).ids;
}

/** Milliseconds of each token after the first, sorted; the second run, whose programs are there. */
async function timesOf(generator: Generator, { special }: Model, ids: ArrayLike<number>, tokens: number): Promise<readonly number[]> {
  const options = { settings: { ...greedy, maxNewTokens: tokens }, special: { ...special, end: [] } };
  await generator.generate([ids], options);
  const came: number[] = [];
  await generator.generate([ids], { ...options, onToken: () => { came.push(seconds()); } });
  return came.slice(1).map((at, i) => 1000 * (at - (came[i] ?? at))).sort((a, b) => a - b);
}

function peakMb(): number { return process.resourceUsage().maxRSS / 1024; }
