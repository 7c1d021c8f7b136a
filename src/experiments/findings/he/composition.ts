import * as g from '../../studies/generation';
import { summarised } from '../../studies/summarisation';
import { onSummarisation, onTranslation, onXsum, type Row } from './row';

/** Notebook 07: composition and scale, training a prefix. */
export function composition(): readonly Row[] {
  const tableFive = onXsum('composition-and-scale', 'Table 5');
  const pretrained = onSummarisation('Table 5');
  const s = summarised();
  const unprinted = onXsum('composition-and-scale');
  return [
    {
      id: 'A16',
      source: 'Table 5',
      text: 'LoRA at the FFN is better with a scale chosen on development data (s = 4) than with s = 1',
      links: [pretrained.greater(s.loraFfn, s.unscaledLoraFfn)],
    },
    {
      id: 'A17',
      source: 'Table 5',
      text: 'The parallel adapter with a scale chosen on development data (s = 4) beats the plain one',
      links: [pretrained.greater(s.scaledPa, s.largePaFfn)],
    },
    {
      id: 'A18',
      source: 'Table 5',
      text: 'A learned scale is no better than the fixed one',
      links: [tableFive.atLeast(g.scaled(4), g.scaled('learned'), [g.scaled(4), g.paFfn(146)])],
    },
    {
      id: 'A19',
      source: 'Section 4.5',
      text: 'The scale matters, so that it is chosen on development data',
      standing: 'remark',
      mute: 'the paper notes that s matters and compares no scales beside s = 1 and 4',
      links: [g.scaled, g.loraFfn].flatMap((of) => [1, 16].map((edge) => unprinted.greater(of(4), of(edge)))),
    },
    {
      id: 'A20',
      source: 'Appendix A.3',
      text: "The scaled parallel adapter is better with LoRA's initialisation than with BERT's",
      standing: 'appendix',
      links: [unprinted.greater(g.scaled(4), g.scaledBertInit)],
    },
    {
      id: 'A21',
      source: 'Appendix A.3',
      text: 'Prefix tuning trains better through an MLP than as free vectors',
      standing: 'appendix',
      links: [onXsum('prefix-training').greater(g.prefix(57), g.freePrefix)],
    },
    {
      id: 'A22',
      source: 'Released scripts',
      text: 'Prefix tuning on translation prefers no label smoothing and no weight decay (by text: smoothing changes likelihoods)',
      standing: 'released code',
      links: [onTranslation('prefix-training').greaterText(g.plainPrefix, g.prefix(57))],
    },
  ];
}
