import type { ClassificationTask } from '../classification';
import { publicSet } from '../public-set';

/** Posts to twenty newsgroups, told by their group. */
export const newsgroups: ClassificationTask = publicSet({
  name: '20-newsgroups',
  source: 'SetFit/20_newsgroups',
  files: ['train', 'test'],
  columns: { text: 'text', label: 'label_text' },
  labels: [
    'alt.atheism',
    'comp.graphics',
    'comp.os.ms-windows.misc',
    'comp.sys.ibm.pc.hardware',
    'comp.sys.mac.hardware',
    'comp.windows.x',
    'misc.forsale',
    'rec.autos',
    'rec.motorcycles',
    'rec.sport.baseball',
    'rec.sport.hockey',
    'sci.crypt',
    'sci.electronics',
    'sci.med',
    'sci.space',
    'soc.religion.christian',
    'talk.politics.guns',
    'talk.politics.mideast',
    'talk.politics.misc',
    'talk.religion.misc',
  ],
});
