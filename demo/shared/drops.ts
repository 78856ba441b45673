/** Takes files that are dropped anywhere on the page; `<html>` has the class `dropping` while files are dragged over it. */
export function listenForDrops(onDrop: (transfer: DataTransfer) => void): void {
  let depth = 0;
  const highlight = (change: number) => {
    depth = Math.max(0, depth + change);
    document.documentElement.classList.toggle('dropping', depth > 0);
  };
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragenter', (event) => carriesFiles(event) && highlight(1));
  document.addEventListener('dragleave', (event) => carriesFiles(event) && highlight(-1));
  document.addEventListener('dragover', (event) => carriesFiles(event) && event.preventDefault());
  document.addEventListener('drop', (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    highlight(-depth);
    onDrop(event.dataTransfer!);
  });
}
