import { LutraError } from '../../src/index.js';
import { byId, html } from '../shared/dom.js';
import { mountThemeToggle } from '../shared/theme.js';
import { createDemo } from './demo.js';
import { loadModelList } from './models.js';
import { Status } from './status.js';

mountThemeToggle(byId<HTMLButtonElement>('theme'));

async function start(): Promise<void> {
  const status = new Status(byId('status'));
  try {
    createDemo(await loadModelList(new URL('../', document.baseURI)), status);
  } catch (thrown) {
    status.failed(LutraError.from(thrown), () => void start());
    byId('latency').replaceChildren(html('p', { class: 'help' }, 'Nothing to time without a network.'));
  }
}
void start();
