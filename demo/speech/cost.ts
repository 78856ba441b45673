import { byId, factRow, html } from '../shared/dom.js';
import { formatBytes, formatMilliseconds, median } from '../shared/format.js';
import type { Ready, WindowReport } from './protocol.js';

/** Windows that the medians are taken over. */
const KEPT = 60;
/** Milliseconds between updates: numbers that change faster cannot be read. */
const PAUSE = 500;

/** What every window costs, and how much of the time that is. */
export function createCost() {
  const view = byId('cost');
  let windows: WindowReport[] = [];
  let ready: Ready | undefined;
  let engine = '';
  let last = 0;

  function draw(): void {
    last = performance.now();
    if (!ready) return;
    const { spec, stride, modelBytes, wasm } = ready;
    const every = (1000 * stride * spec.hop) / spec.sampleRate;
    const length = (spec.window + (spec.frames - 1) * spec.hop) / spec.sampleRate;
    const rows = [
      factRow(
        'Window',
        `${spec.frames} frames of ${spec.mels} bands, every ${Math.round(every)} ms`,
        `${length.toFixed(2)} s`,
      ),
    ];
    if (windows.length > 0) {
      const features = median(windows.map((window) => window.featureMilliseconds));
      const network = median(windows.map((window) => window.networkMilliseconds));
      rows.push(
        factRow('Features', 'resampling and log-mel, median', formatMilliseconds(features)),
        factRow('Network', `${engine}, 1 thread, median`, formatMilliseconds(network)),
        factRow(
          'Share of the time',
          'of one core, while listening',
          `${((100 * (features + network)) / every).toFixed(1)} %`,
        ),
      );
      const { skipped } = windows.at(-1)!;
      if (skipped > 0) rows.push(factRow('Left out', 'windows, as this machine was too busy', String(skipped)));
    }
    rows.push(
      factRow(
        'Download',
        `the network; kernels: ${wasm === 'relaxed' ? 'relaxed SIMD' : 'SIMD'}`,
        formatBytes(modelBytes),
      ),
    );
    view.replaceChildren(html('dl', { class: 'bytes' }, ...rows));
  }

  return {
    reset(next: Ready, words: string) {
      ready = next;
      engine = words;
      windows = [];
      draw();
    },
    add(window: WindowReport) {
      windows = [...windows.slice(1 - KEPT), window];
      if (performance.now() - last > PAUSE) draw();
    },
    /** Forgets the windows so far. */
    clear() {
      windows = [];
    },
    /** Shows what there is now. */
    settle: draw,
  };
}
