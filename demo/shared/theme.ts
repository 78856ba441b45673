import { html, icon } from './dom.js';

const KEY = 'lutra.theme';
const SUN =
  'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M2 12h2M20 12h2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4';
const MOON = 'M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z';

/** Keeps the theme for the next page, where public/theme.js reads it. The browser can block storage. */
function store(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the theme lasts as long as the page.
  }
}

/** Makes `button` switch between light and dark; until it is used the system's preference holds. */
export function mountThemeToggle(button: HTMLButtonElement): void {
  const root = document.documentElement;
  const system = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : system.matches);
  const show = () => {
    const label = isDark() ? 'Light theme' : 'Dark theme';
    button.replaceChildren(icon(isDark() ? SUN : MOON), html('span', { class: 'theme-label' }, label));
  };
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    store(root.dataset.theme);
    show();
  });
  system.addEventListener('change', show);
  show();
}
