import { LutraError } from '../errors.js';
import type { CreateOptions } from '../session/types.js';
import type { NetworkChoice } from './network.js';
import type { ClassifierTask } from './types.js';

const DEFAULT_TOP = 3;
/** All ways of input, as the `inputs` attribute names them. */
const INPUTS = 'file drop paste live';

/** Servers that render pages also import the class. They have no `HTMLElement`. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/** Attributes that say which network to load and how. */
export const NETWORK_ATTRIBUTES: readonly string[] = ['src', 'task', 'threads', 'worker-url', 'integrity', 'cache'];

/** The attributes of `<lutra-classifier>` as properties. An attribute with an unknown value counts as absent. */
export class ClassifierAttributes extends Base {
  static readonly observedAttributes: readonly string[] = [...NETWORK_ATTRIBUTES, 'top', 'inputs', 'loading'];

  get src(): string {
    return this.getAttribute('src') ?? '';
  }
  set src(value: string) {
    this.setAttribute('src', value);
  }

  get top(): number {
    const top = Number(this.getAttribute('top') ?? DEFAULT_TOP);
    return Number.isInteger(top) && top > 0 ? top : DEFAULT_TOP;
  }
  set top(value: number) {
    this.setAttribute('top', String(value));
  }

  get task(): ClassifierTask {
    return this.getAttribute('task') === 'audio' ? 'audio' : 'image';
  }
  set task(value: ClassifierTask) {
    this.setAttribute('task', value);
  }

  get inputs(): string {
    return this.getAttribute('inputs') ?? INPUTS;
  }
  set inputs(value: string) {
    this.setAttribute('inputs', value);
  }

  get loading(): 'eager' | 'lazy' {
    return this.getAttribute('loading') === 'lazy' ? 'lazy' : 'eager';
  }
  set loading(value: 'eager' | 'lazy') {
    this.setAttribute('loading', value);
  }

  get threads(): number | 'auto' {
    const threads = Number(this.getAttribute('threads') ?? Number.NaN);
    return Number.isInteger(threads) && threads > 0 ? threads : 'auto';
  }
  set threads(value: number | 'auto') {
    this.setAttribute('threads', String(value));
  }

  get integrity(): string {
    return this.getAttribute('integrity') ?? '';
  }
  set integrity(value: string) {
    this.setAttribute('integrity', value);
  }

  get cache(): NonNullable<CreateOptions['cache']> {
    const cache = this.getAttribute('cache');
    return cache === 'cache-api' || cache === 'opfs' ? cache : 'none';
  }
  set cache(value: NonNullable<CreateOptions['cache']>) {
    this.setAttribute('cache', value);
  }

  get workerUrl(): string {
    return this.getAttribute('worker-url') ?? '';
  }
  set workerUrl(value: string) {
    this.setAttribute('worker-url', value);
  }
}

/** Properties that were set before the element was defined hide its accessors. This deletes them and sets them again. */
export function upgradeProperties(element: HTMLElement, names: readonly string[]): void {
  for (const name of names.filter((own) => Object.hasOwn(element, own))) {
    const value: unknown = Reflect.get(element, name);
    Reflect.deleteProperty(element, name);
    Reflect.set(element, name, value);
  }
}

/**
 * The network that an element's attributes name. Attributes win over `options`.
 *
 * @throws LutraError `INVALID_ARGUMENT` without a `src`.
 */
export function chooseNetwork(element: ClassifierAttributes, options: CreateOptions): NetworkChoice {
  const { src, integrity, workerUrl, threads, cache } = element;
  if (!src) throw new LutraError('INVALID_ARGUMENT', 'the element has no model', { hint: 'Set its "src" attribute' });
  return {
    source: new URL(src, document.baseURI),
    options: {
      ...options,
      ...(element.hasAttribute('threads') ? { threads } : {}),
      ...(element.hasAttribute('cache') ? { cache } : {}),
      ...(integrity ? { integrity } : {}),
      ...(workerUrl ? { workerUrl: new URL(workerUrl, document.baseURI) } : {}),
    },
  };
}
