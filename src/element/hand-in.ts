/** Files that come without a button: dropped onto the element, or pasted. */
export interface HandIn {
  /** The area to drop on, which is highlighted. */
  readonly stage: HTMLElement;
  readonly accepts: () => { readonly drop: boolean; readonly paste: boolean };
  onFile(file: File): void;
}

/** Listens on the element and, for pastes, on its document, until the signal fires. */
export function listenForFiles(host: HTMLElement, { stage, accepts, onFile }: HandIn, signal: AbortSignal): void {
  let depth = 0;
  const highlight = (to: number): void => {
    depth = Math.max(0, to);
    stage.classList.toggle('dropping', depth > 0);
  };
  const carriesFiles = (event: DragEvent): boolean =>
    accepts().drop && (event.dataTransfer?.types.includes('Files') ?? false);
  const listen = <Name extends keyof HTMLElementEventMap>(
    name: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
  ): void => host.addEventListener(name, listener, { signal });

  // The event for entering a child comes before the one for leaving its parent, so the events are counted.
  listen('dragenter', (event) => carriesFiles(event) && highlight(depth + 1));
  listen('dragleave', (event) => carriesFiles(event) && highlight(depth - 1));
  listen('dragover', (event) => {
    if (!carriesFiles(event)) return;
    // A page that handles drops itself must not handle this one, too.
    event.stopPropagation();
    event.preventDefault();
  });
  listen('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.stopPropagation();
    event.preventDefault();
    highlight(0);
    const [file] = event.dataTransfer!.files;
    if (file) onFile(file);
  });

  host.ownerDocument.addEventListener(
    'paste',
    (event) => {
      const [file] = event.clipboardData?.files ?? [];
      if (!file || !accepts().paste || event.defaultPrevented || !isMeant(host, event)) return;
      event.preventDefault();
      onFile(file);
    },
    { signal },
  );
}

/** A paste goes to the element with the focus. Without a focus it goes to the element under the pointer, or else to the first one. */
function isMeant(host: HTMLElement, event: ClipboardEvent): boolean {
  if (event.composedPath().includes(host)) return true;
  const { body, documentElement } = host.ownerDocument;
  if (event.target !== body && event.target !== documentElement && event.target !== host.ownerDocument) return false;
  const root = host.getRootNode() as Document | ShadowRoot;
  const name = host.localName;
  return (root.querySelector(`${name}:hover`) ?? root.querySelector(name)) === host;
}
