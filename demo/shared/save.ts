/** How long a saved file stays readable for the browser. */
const URL_MILLISECONDS = 60_000;

/** Offers something as a download. */
export function saveFile(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
  // Not at once: the download starts from it, in Firefox only after this turn.
  setTimeout(() => URL.revokeObjectURL(link.href), URL_MILLISECONDS);
}
