/** Styles of the shadow tree. A constructed style sheet needs no `style-src 'unsafe-inline'`. */
const CSS = `
:host {
  display: block;
  container-type: inline-size;
  --_ink: var(--lutra-ink, light-dark(#1b1f1d, #eceeea));
  --_soft: var(--lutra-soft, light-dark(#565d59, #a3aca6));
  --_surface: var(--lutra-surface, light-dark(#fdfcf9, #191e1c));
  --_sunken: var(--lutra-sunken, light-dark(#ecebe4, #0d100f));
  --_track: var(--lutra-track, light-dark(#e4e3db, #2b322f));
  --_line: var(--lutra-line, light-dark(#8b8a80, #6d7772));
  --_accent: var(--lutra-accent, light-dark(#0a6b5d, #5cc9b3));
  --_on-accent: var(--lutra-on-accent, light-dark(#ffffff, #06221c));
  --_danger: var(--lutra-danger, light-dark(#9c2f21, #f0917f));
  --_radius: var(--lutra-radius, 9px);
  --_gap: var(--lutra-gap, 0.75rem);
  color: var(--_ink);
}
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
p, ol { margin: 0; padding: 0; }
ol { list-style: none; display: grid; gap: 0.5rem; }
.base { display: grid; gap: var(--_gap); }
.stage {
  position: relative;
  display: grid;
  place-items: center;
  min-block-size: var(--lutra-stage-size, 12rem);
  padding: 1rem;
  border: 1px dashed var(--_line);
  border-radius: var(--_radius);
  background: var(--_sunken);
  color: var(--_soft);
  text-align: center;
}
.stage.filled { border-style: solid; }
.stage.dropping { border-color: var(--_accent); outline: 2px solid var(--_accent); }
.preview, ::slotted(img), ::slotted(video), ::slotted(canvas) {
  display: block;
  max-inline-size: 100%;
  max-block-size: var(--lutra-preview-size, 20rem);
  border-radius: calc(var(--_radius) / 2);
}
.preview.tiny { inline-size: 12rem; image-rendering: pixelated; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem; }
.button {
  display: inline-flex;
  align-items: center;
  min-block-size: 2.5rem;
  padding: 0.4rem 0.95rem;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--_surface);
  color: var(--_ink);
  font: inherit;
  cursor: pointer;
}
.button:hover { border-color: var(--_accent); }
.button:disabled { opacity: 0.6; cursor: default; }
.button:focus-visible, .choose:focus-within { outline: 2px solid var(--_accent); outline-offset: 2px; }
.hidden {
  position: absolute;
  inline-size: 1px;
  block-size: 1px;
  margin: -1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
progress { inline-size: 100%; accent-color: var(--_accent); }
.result { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.15rem 0.75rem; }
.label { overflow-wrap: anywhere; }
.result:first-child .label { font-weight: 600; }
.value { font-variant-numeric: tabular-nums; color: var(--_soft); }
.track { grid-column: 1 / -1; block-size: 0.4rem; border-radius: 1rem; background: var(--_track); overflow: hidden; }
.bar { display: block; block-size: 100%; border-radius: inherit; background: var(--_accent); transition: inline-size 120ms; }
.remark { color: var(--_soft); }
.problem { color: var(--_danger); overflow-wrap: anywhere; }
@media (prefers-reduced-motion: reduce) { .bar { transition: none; } }
@media (forced-colors: active) { .bar { background: Highlight; forced-color-adjust: none; } }
`;

let sheet: CSSStyleSheet | undefined;

/** The one style sheet that all elements of a page share. */
export function styleSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
