import { html } from '../shared/dom.js';
import { formatBytes } from '../shared/format.js';
import type { EngineKind } from './state.js';

interface ScriptSize {
  readonly file: string;
  readonly bytes: number;
  readonly gzip: number;
}

/** Sizes of the built scripts; undefined on the development server, which serves them unbundled. */
async function loadScriptSizes(): Promise<readonly ScriptSize[] | undefined> {
  const response = await fetch(new URL('sizes.json', document.baseURI)).catch(() => undefined);
  if (!response?.ok) return undefined;
  const list: unknown = await response.json().catch(() => undefined);
  return Array.isArray(list) ? (list as ScriptSize[]) : undefined;
}

/** Bytes on the wire of what this page itself fetched (document, scripts, styles, font), as the browser counted them. */
function pageBytes(): number {
  const own = performance
    .getEntriesByType('resource')
    .filter(({ name }) => /\.(js|css|woff2)($|\?)/.test(name)) as PerformanceResourceTiming[];
  const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return own.reduce((sum, entry) => sum + entry.encodedBodySize, page?.encodedBodySize ?? 0);
}

/** The account of downloads; networks are added as they arrive. */
export function createBytes(element: HTMLElement): {
  show(models: Readonly<Partial<Record<EngineKind, number>>>): void;
} {
  const scripts = loadScriptSizes();

  function row(name: string, note: string, value: string, id?: string): HTMLElement {
    return html(
      'div',
      { class: 'bytes-row' },
      html('dt', {}, name, html('span', { class: 'help' }, note)),
      html('dd', id ? { id } : {}, value),
    );
  }

  return {
    show(models) {
      void scripts.then((sizes) => {
        const engine = sizes?.find(({ file }) => /worker/.test(file));
        const bytes = (kind: EngineKind) => (models[kind] === undefined ? '…' : formatBytes(models[kind]));
        element.replaceChildren(
          html(
            'dl',
            { class: 'bytes' },
            row('Lookup network', 'one ONNX file', bytes('lut'), 'bytes-lut'),
            row('Dense original', 'fetched only to compare', bytes('dense'), 'bytes-dense'),
            engine
              ? row(
                  'Engine',
                  `with its Wasm kernels; ${formatBytes(engine.bytes)} unpacked`,
                  `${formatBytes(engine.gzip)} gzip`,
                )
              : row('Engine', 'unbundled on the development server', '–'),
            row('This page', 'document, scripts, styles and font, as transferred', formatBytes(pageBytes())),
          ),
        );
      });
    },
  };
}
