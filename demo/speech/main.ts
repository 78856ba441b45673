import { LutraError } from '../../src/index.js';
import { loadModelList } from '../image/models.js';
import { Status } from '../image/status.js';
import { byId } from '../shared/dom.js';
import { mountThemeToggle } from '../shared/theme.js';
import { createDemo } from './demo.js';

mountThemeToggle(byId<HTMLButtonElement>('theme'));

async function start(): Promise<void> {
  const status = new Status(byId('status'));
  try {
    // The list lies beside the front page, one folder up.
    createDemo(await loadModelList(new URL('..', document.baseURI), 'audio'), status);
  } catch (thrown) {
    status.failed(LutraError.from(thrown), () => void start());
  }
}
void start();
