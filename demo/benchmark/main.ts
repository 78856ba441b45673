import { byId } from '../shared/dom.js';
import { loadModelList } from '../shared/models.js';
import { problemView } from '../shared/problem.js';
import { mountThemeToggle } from '../shared/theme.js';
import { networkChoices } from './choices.js';
import type { Dataset } from './compare.js';
import { ComparePanel } from './compare-panel.js';
import { createControls } from './controls.js';
import { loadRecorded } from './recorded.js';
import { describeResults } from './results-file.js';
import { ResultsPanel } from './results-panel.js';
import { runBenchmark } from './run.js';
import { loadTrained, mountTrained } from './trained-panel.js';

const root = new URL('../', document.baseURI);
const announce = (text: string) => {
  byId('announcement').textContent = text;
};

/** Wires the page together: what is chosen runs, what was measured, recorded or loaded is shown and compared. */
async function start(): Promise<void> {
  mountThemeToggle(byId<HTMLButtonElement>('theme'));
  let recorded: readonly Dataset[] = [];
  let loaded: readonly Dataset[] = [];
  let own: Dataset | undefined;
  const results = new ResultsPanel();
  const update = (shown?: Dataset) => {
    const all = [...(own ? [own] : []), ...loaded, ...recorded];
    results.update(all, shown);
    compare.update(all);
  };
  const compare = new ComparePanel((more) => {
    loaded = [...loaded, ...more];
    update(more.at(-1));
  });
  update();
  const models = await loadModelList(root, 'image').catch((thrown: unknown) => {
    byId('problem').replaceChildren(problemView(thrown));
    return [];
  });
  const chosen = createControls(byId<HTMLFormElement>('controls'), networkChoices(models));
  mountRun(chosen, (measured) => {
    own = { label: `This page: ${describeResults(measured)}`, results: measured };
    update(own);
  });
  const trained = await loadTrained(root).catch((thrown: unknown) => {
    byId('load-problem').replaceChildren(problemView(thrown));
    return undefined;
  });
  if (trained) {
    byId('trained-panel').hidden = false;
    mountTrained(byId('trained'), trained);
  }
  recorded = await loadRecorded(root).catch((thrown: unknown) => {
    byId('load-problem').replaceChildren(problemView(thrown));
    return [];
  });
  update();
}

function mountRun(
  chosen: ReturnType<typeof createControls>,
  onResults: Parameters<typeof runBenchmark>[2]['onResults'],
): void {
  const run = byId<HTMLButtonElement>('run');
  const cancel = byId<HTMLButtonElement>('cancel');
  const progress = byId<HTMLProgressElement>('progress');
  let abort = new AbortController();
  cancel.addEventListener('click', () => abort.abort(new DOMException('cancelled', 'AbortError')));
  run.addEventListener('click', () => {
    const options = chosen();
    if (!options) {
      announce('Choose at least one network and one engine.');
      return;
    }
    abort = new AbortController();
    byId('problem').replaceChildren();
    const busy = (on: boolean) => {
      run.hidden = on;
      cancel.hidden = !on;
      progress.hidden = !on;
      byId('controls').toggleAttribute('inert', on);
      (on ? cancel : run).focus();
    };
    busy(true);
    progress.value = 0;
    let failures = 0;
    runBenchmark(options, abort.signal, {
      onProgress(text, fraction) {
        announce(`${text} …`);
        progress.value = fraction;
      },
      onResults(measured) {
        failures = measured.failures.length;
        onResults(measured);
      },
    })
      .then(
        () => announce(failures === 0 ? 'Done.' : 'Done; what could not be measured is listed below the table.'),
        (thrown: unknown) => {
          if (abort.signal.aborted) {
            announce('Cancelled. What was measured before is kept.');
          } else {
            announce('');
            byId('problem').replaceChildren(problemView(thrown));
          }
        },
      )
      .finally(() => busy(false));
  });
}

void start();
