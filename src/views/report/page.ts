import { listRuns } from '../../experiments/store/index-cache';
import { environment } from '../../experiments/store/environment';
import { rowsOfStudy } from '../../experiments/store/rows';
import { studies } from '../../experiments/studies';
import { escapeXml } from '../../plots/fonts';
import { findingsPart } from './findings';
import { embeddedFont } from './fonts';
import { idOf } from './parts';
import { runsPart } from './runs';
import { script, style } from './script';
import { studyPart } from './studies';

/**
 * All results on one page that needs nothing else: studies with figures and tables, findings with their verdicts and
 * preconditions, every run with its settings. Figures of the full tier; runs of both.
 */
export async function reportPage(): Promise<string> {
  const all = Object.values(studies).map((make) => make('full'));
  const shown = all.filter((study) => rowsOfStudy(study).length > 0);
  const parts: string[] = [];
  for (const study of shown) parts.push(await studyPart(study));
  const entries = listRuns();
  const { commit, dirty } = environment();
  const open = all.filter((study) => !shown.includes(study)).map(({ name }) => name);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>petl-lab: results</title>
<style>${embeddedFont()}${style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header>
<h1>petl-lab: results</h1>
<p>${entries.length} runs of ${shown.length} studies, drawn from the result files by <code>npx petl report</code> at commit
${commit.slice(0, 10)}${dirty ? ', with changes that are not committed' : ''}.</p>
</header>
<nav aria-label="Parts of this page"><ul>
<li><a href="#verdicts">Findings and verdicts</a></li>
${shown.map(({ name, title }) => `<li><a href="#${idOf(name)}">${escapeXml(title)}</a></li>`).join('\n')}
<li><a href="#runs">Runs</a></li>
</ul></nav>
<main id="main">
${findingsPart()}
${parts.join('\n')}
${runsPart(entries)}
${open.length > 0 ? `<p class="soft">Not run yet: ${open.join(', ')}.</p>` : ''}
</main>
<script>${script}</script>
</body>
</html>
`;
}
