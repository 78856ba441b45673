import type { SessionInfo } from '../../src/index.js';
import { factRow, html } from '../shared/dom.js';
import { formatBytes } from '../shared/format.js';
import type { EngineKind } from '../shared/models.js';

interface ScriptSize {
  readonly file: string;
  readonly bytes: number;
  readonly gzip: number;
}

/** Sizes of the built scripts; none on the development server, which serves them unbundled. */
async function loadScriptSizes(): Promise<readonly ScriptSize[]> {
  const response = await fetch(new URL('../sizes.json', document.baseURI)).catch(() => undefined);
  if (!response?.ok) return [];
  const list: unknown = await response.json().catch(() => undefined);
  return Array.isArray(list) ? (list as ScriptSize[]) : [];
}

/** Scripts that make up the engine: the core worker, and one Wasm build in a script of its own. Workers of pages have longer names. */
const WORKER = /\/worker-(?!complete)[^/]*\.js$/;
const BUILDS = { simd: /\bsimd-[^/]*\.js$/, relaxed: /\brelaxed-[^/]*\.js$/ } as const;

/** Bytes on the wire of what the page itself is made of (document, scripts, styles, font), as the browser counted them. */
function pageBytes(): number {
  const engine = [WORKER, ...Object.values(BUILDS)];
  const own = (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).filter(
    ({ name }) => /\.(js|css|woff2)($|\?)/.test(name) && !engine.some((pattern) => pattern.test(name)),
  );
  const [page] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return own.reduce((sum, entry) => sum + entry.encodedBodySize, page?.encodedBodySize ?? 0);
}

/** What is known so far: bytes of the loaded networks, and the Wasm build that runs them. */
export interface Downloads {
  readonly models: Readonly<Partial<Record<EngineKind, number>>>;
  readonly wasm?: SessionInfo['wasm'];
  /** Address of the model card. */
  readonly card: string | undefined;
}

function engineRow(scripts: readonly ScriptSize[], wasm: SessionInfo['wasm'] | undefined): HTMLElement {
  if (scripts.length === 0) return factRow('Engine', 'unbundled on the development server', '–', 'bytes-engine');
  const parts = scripts.filter(({ file }) => WORKER.test(file) || (wasm && BUILDS[wasm].test(file)));
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const gzip = parts.reduce((sum, part) => sum + part.gzip, 0);
  const note = `with one Wasm build; ${formatBytes(bytes)} unpacked`;
  return factRow('Engine', note, wasm ? `${formatBytes(gzip)} gzip` : '…', 'bytes-engine');
}

/** The account of downloads; networks are added as they arrive. */
export function createBytes(element: HTMLElement): { show(downloads: Downloads): void } {
  const sizes = loadScriptSizes();
  return {
    show({ models, wasm, card }) {
      const note = card ? html('a', { href: card }, 'one ONNX file, with a model card') : 'one ONNX file';
      void sizes.then((scripts) => {
        const bytes = (kind: EngineKind) => (models[kind] === undefined ? '…' : formatBytes(models[kind]));
        element.replaceChildren(
          html(
            'dl',
            { class: 'bytes' },
            factRow('Lookup network', note, bytes('lut'), 'bytes-lut'),
            factRow('Dense original', 'fetched only to compare', bytes('dense'), 'bytes-dense'),
            engineRow(scripts, wasm),
            factRow(
              'This page',
              'document, script, style and font, as transferred',
              formatBytes(pageBytes()),
              'bytes-page',
            ),
          ),
        );
      });
    },
  };
}
