type Child = Node | string | undefined;
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

const SVG = 'http://www.w3.org/2000/svg';

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined));
}

/** An HTML element with attributes and children; `false` and undefined attributes are left out. */
export function html<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  fill(element, attributes, children);
  return element;
}

/** The same for SVG. */
export function svg<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(SVG, name);
  fill(element, attributes, children);
  return element;
}

/** A button with what it does. */
export function button(label: Child, act: () => void, attributes: Attributes = {}): HTMLButtonElement {
  const element = html('button', { class: 'button', type: 'button', ...attributes }, label);
  element.addEventListener('click', act);
  return element;
}

/** A 24×24 stroke icon from path data. It is decorative: the control around it has the name. */
export function icon(path: string): SVGSVGElement {
  return svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, svg('path', { d: path }));
}

/** A row of a list of facts: a name with a remark, and its value. */
export function factRow(name: string, remark: Child, value: string, id?: string): HTMLElement {
  const term = html('dt', {}, name, html('span', { class: 'help' }, remark));
  return html('div', { class: 'bytes-row' }, term, html('dd', { id }, value));
}

/** The page's element with this id; a missing element is a bug of the page. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element as T;
}
