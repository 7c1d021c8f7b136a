// What JupyterLab's Plotly renderer leaves undone for figures: they shrink with the window as far as they can be read
// and scroll from there on, follow a dark theme, say in words what they are, and have their numbers one click away. A
// federated extension as the browser loads it, so that nothing has to be built; `npm run lab` names its folder to
// JupyterLab.
(() => {
  const style = `
.js-plotly-plot { transform-origin: 0 0 }
.jp-OutputArea-child:has(> .js-plotly-plot) { overflow-x: auto; flex-wrap: wrap }
[data-jp-theme-light='false'] :is(.js-plotly-plot .plot-container, .jp-RenderedSVG > *) { filter: invert(0.93) hue-rotate(180deg) }
.petl-numbers { position: sticky; left: 0; flex: 1 0 100%; box-sizing: border-box; min-width: 0; padding: 2px 0 8px 8px; font-size: var(--jp-ui-font-size1); color: var(--jp-ui-font-color1) }
.petl-numbers summary { cursor: pointer; color: var(--jp-content-link-color, var(--jp-ui-font-color1)) }
.petl-numbers div { max-height: 20em; overflow: auto }
.petl-numbers :is(th, td) { padding: 1px 8px; text-align: left; border-bottom: 1px solid var(--jp-border-color2) }
.petl-numbers a { color: var(--jp-content-link-color, var(--jp-ui-font-color1)); text-decoration: underline }
`;

  /** Pixels that a figure is wide at least: smaller ones cannot be read. */
  const least = 620;

  /** As small as its place asks for, down to `least`, and never larger than it was made; the page closes up below it. */
  function fit(plot) {
    const { width, height } = plot._fullLayout;
    const prompt = plot.parentElement.querySelector('.jp-OutputPrompt');
    const room = plot.parentElement.clientWidth - (prompt?.offsetWidth ?? 0);
    if (room <= 0) return; // out of sight
    const share = Math.min(1, Math.max(room, least) / width);
    plot.parentElement.tabIndex = share * width > room ? 0 : -1; // what scrolls can be scrolled by keys
    const margin = (side) => (share < 1 ? `${(share - 1) * side}px` : '');
    Object.assign(plot.style, {
      flex: share < 1 ? 'none' : '1 1 0',
      width: share < 1 ? `${width}px` : '',
      transform: share < 1 ? `scale(${share})` : '',
      marginRight: margin(width),
      marginBottom: margin(height),
    });
  }

  const element = (name, text = '') => Object.assign(document.createElement(name), { textContent: text });
  const quoted = (cell) => (/[",\n]/.test(cell) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell));

  function numbersOf({ name, columns, rows }) {
    const details = Object.assign(element('details'), { className: 'petl-numbers' });
    details.append(element('summary', `the ${rows.length} rows behind this figure`));
    details.addEventListener(
      'toggle',
      () => {
        const csv = [columns, ...rows].map((row) => row.map(quoted).join(',')).join('\n');
        const link = Object.assign(element('a', `${name}.csv`), {
          download: `${name}.csv`,
          href: URL.createObjectURL(new Blob([`${csv}\n`], { type: 'text/csv' })),
        });
        const table = element('table');
        for (const [r, row] of [columns, ...rows].entries()) {
          const line = table.insertRow();
          line.append(...row.map((cell) => element(r === 0 ? 'th' : 'td', cell)));
        }
        const box = Object.assign(element('div'), { tabIndex: 0 });
        box.append(table);
        details.append(link, box);
      },
      { once: true },
    );
    return details;
  }

  function attend(plot) {
    if (plot.dataset.petl !== undefined) return;
    plot.dataset.petl = '';
    const { meta, title } = plot.layout;
    plot.setAttribute('role', 'figure');
    plot.setAttribute('aria-label', meta?.words ?? title?.text?.replace(/<[^>]*>/g, ' ') ?? 'figure');
    new ResizeObserver(() => fit(plot)).observe(plot.parentElement);
    plot.on('plotly_afterplot', () => fit(plot));
    fit(plot);
    if (meta?.rows !== undefined) plot.after(numbersOf(meta));
  }

  function activate() {
    document.head.append(element('style', style));
    const look = () => {
      for (const plot of document.querySelectorAll('.jp-OutputArea .js-plotly-plot'))
        if (plot._fullLayout) attend(plot);
    };
    let asked = false;
    new MutationObserver(() => {
      if (asked) return;
      asked = true;
      setTimeout(() => {
        asked = false;
        look();
      }, 100);
    }).observe(document.body, { childList: true, subtree: true });
  }

  const plugin = { id: 'petl-lab:figures', autoStart: true, activate };
  window._JUPYTERLAB = window._JUPYTERLAB ?? {};
  window._JUPYTERLAB['petl-lab'] = {
    init: () => undefined,
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
