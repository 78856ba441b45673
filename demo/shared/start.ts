import { byId } from './dom.js';
import { loadModelList, type ModelEntry } from './models.js';
import { Status } from './status.js';
import { mountThemeToggle } from './theme.js';

/** Starts a demo with the networks of this site for a task. `onFailure` is called where there are none. */
export function startDemo(
  task: 'image' | 'audio',
  createDemo: (models: readonly ModelEntry[], status: Status) => void,
  onFailure: () => void = () => {},
): void {
  const status = new Status(byId('status'));
  const start = async (): Promise<void> => {
    try {
      // The list lies beside the front page, one folder up.
      createDemo(await loadModelList(new URL('..', document.baseURI), task), status);
    } catch (thrown) {
      status.failed(thrown, () => void start());
      onFailure();
    }
  };
  mountThemeToggle(byId<HTMLButtonElement>('theme'));
  void start();
}
