import { byId, html } from '../shared/dom.js';
import { startDemo } from '../shared/start.js';
import { createDemo } from './demo.js';

startDemo('image', createDemo, () => {
  byId('latency').replaceChildren(html('p', { class: 'help' }, 'Nothing to time without a network.'));
});
