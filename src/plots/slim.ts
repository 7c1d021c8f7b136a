/*
 * Plotly draws for a page that is alive: what can be hovered, clicked and dragged is in its SVG, too. A still picture is
 * the same to the pixel without that.
 */

/** What nobody sees: beds of annotations, marks that carry hover texts, areas to click, arrows that are not drawn. */
const invisible: readonly RegExp[] = [
  /<rect class="bg" style="[^"]*stroke-opacity: 0;[^"]*fill-opacity: 0;"[^>]*\/>/g,
  /<path class="point"[^>]* style="opacity: 0;[^>]*\/>/g,
  /<rect class="\w*toggle" style="fill: #000000; fill-opacity: 0;"[^>]*\/>/g,
  /<rect class="scrollbar"[^>]* width="0" height="0"[^>]*\/>/g,
  /<g style="opacity: 0;"[^>]*>(?:<path [^>]*\/>)*<\/g>/g,
];

/** By which Plotly and its style sheet find what they have drawn. */
const names =
  / class="(?:annotation-text|cursor-pointer|point|[xy]grid crisp|[xy]tick|scatterpts|legendtext|traces|layers|js-line|[xy]error)"/g;

/** An annotation that is not turned, in the groups by which it could be dragged. */
const wrapped =
  /<g class="annotation"><g class="annotation-text-g" transform="rotate\(0,[^"]*"><g class="cursor-pointer" (transform="[^"]*")>(<text [^>]*>[^<]*<\/text>)<\/g><\/g><\/g>/g;

/** The same picture in fewer bytes. */
export function slim(raw: string): string {
  const styled = raw.replace(/ style="([^"]*)"/g, (_, style: string) => shorter(style));
  const seen = invisible
    .reduce((svg, what) => svg.replace(what, ''), styled)
    .replace(wrapped, '<g $1>$2</g>')
    .replace(/<g class="annotation-text-g" transform="rotate\(0,[^"]*">/g, '<g>')
    .replace(/<g class="shape-group"( clip-path="[^"]*")><path ([^>]*)\/><\/g>/g, '<path$1 $2/>')
    .replace(/ white-space: pre;("[^>]*>)(?=\S+(?: \S+)*<\/text>)/g, '$1') // no spaces to keep
    .replace(/ data-(?:index|unformatted|math)="[^"]*"/g, '')
    .replace(names, '');
  return withoutEmpty(seen);
}

/** Groups that hold nothing, and those that then do. */
function withoutEmpty(svg: string): string {
  const less = svg
    .replace(/<path(?: class="[^"]*")?\/>/g, '')
    .replace(/<g(?: (?:class|transform)="[^"]*")*(?:\/>|><\/g>)/g, '');
  return less === svg ? svg : withoutEmpty(less);
}

/** A style without what is so anyway: the font of the whole picture, and parts that are not transparent. */
function shorter(style: string): string {
  const rest = style
    .replace(/font-family: Arimo,[^;]*; ?/, '')
    .replace(/(?<![\w-])(?:fill-|stroke-)?opacity: 1; ?/g, '')
    .replace(
      /rgb\((\d+), (\d+), (\d+)\)/g,
      (_, ...channels: string[]) =>
        `#${channels
          .slice(0, 3)
          .map((channel) => Number(channel).toString(16).padStart(2, '0'))
          .join('')}`,
    )
    .trim();
  return rest === '' ? '' : ` style="${rest}"`;
}
