import { html } from './dom.js';

type Content = Node | string | undefined;

/** Title of a column, and the class of its head: `number` for numbers, which stand at the right. */
export type Column = readonly [title: string, kind?: string];

export function numberCell(...content: Content[]): HTMLTableCellElement {
  return html('td', { class: 'number' }, ...content);
}

export function tableRow(head: Content, ...cells: HTMLElement[]): HTMLTableRowElement {
  return html('tr', {}, html('th', { scope: 'row' }, head), ...cells);
}

/** A table in a frame that scrolls, with the frame's name for those who hear the page. */
export function tableView(
  label: string,
  columns: readonly Column[],
  rows: readonly HTMLElement[],
  { caption, kind }: { readonly caption?: HTMLElement | undefined; readonly kind?: string } = {},
): HTMLElement {
  const heads = columns.map(([title, kind]) => html('th', { scope: 'col', class: kind }, title));
  const parts = [html('thead', {}, html('tr', {}, ...heads)), html('tbody', {}, ...rows)];
  return html(
    'div',
    { class: 'table-frame', role: 'region', tabindex: 0, 'aria-label': label },
    html('table', { class: kind }, caption, ...parts),
  );
}
