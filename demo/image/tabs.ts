import { html } from '../shared/dom.js';

export interface Tab<Id extends string> {
  readonly id: Id;
  readonly label: string;
  readonly panel: HTMLElement;
}

/** Fills `list` and `stage` with tabs after the ARIA tabs pattern; `onChoose` is called for the user's choices, not for `select`. */
export function createTabs<Id extends string>(
  list: HTMLElement,
  stage: HTMLElement,
  tabs: readonly Tab<Id>[],
  onChoose: (id: Id) => void,
): { select(id: Id): void; offer(id: Id, offered: boolean): void } {
  const buttons = new Map<Id, HTMLButtonElement>();

  function select(id: Id): void {
    for (const tab of tabs) {
      const chosen = tab.id === id;
      const button = buttons.get(tab.id)!;
      button.setAttribute('aria-selected', String(chosen));
      button.tabIndex = chosen ? 0 : -1;
      tab.panel.hidden = !chosen;
    }
  }

  for (const { id, label, panel } of tabs) {
    const button = html(
      'button',
      { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}` },
      label,
    );
    panel.id = `panel-${id}`;
    panel.setAttribute('role', 'tabpanel');
    panel.setAttribute('aria-labelledby', button.id);
    button.addEventListener('click', () => {
      select(id);
      onChoose(id);
    });
    buttons.set(id, button);
    list.append(button);
    stage.append(panel);
  }

  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const offered = [...buttons.values()].filter((button) => !button.hidden);
    const at = offered.findIndex((button) => button.getAttribute('aria-selected') === 'true');
    const next = offered[(at + step + offered.length) % offered.length]!;
    next.focus();
    next.click();
    event.preventDefault();
  });

  return {
    select,
    offer(id, offered) {
      buttons.get(id)!.hidden = !offered;
    },
  };
}
