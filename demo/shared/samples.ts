export interface ListedSample {
  readonly url: string;
  readonly label: string;
}

/** A list written by `npm run samples`, `list` relative to the page; empty when this site carries none. */
export async function loadSamples(list: string): Promise<readonly ListedSample[]> {
  const url = new URL(list, document.baseURI);
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) return [];
  const manifest = (await response.json().catch(() => undefined)) as { samples?: unknown } | undefined;
  const samples = Array.isArray(manifest?.samples) ? (manifest.samples as Partial<Record<string, unknown>>[]) : [];
  return samples.flatMap(({ file, label }) =>
    typeof file === 'string' && typeof label === 'string' ? [{ url: new URL(file, url).href, label }] : [],
  );
}

export async function fetchSample(url: string): Promise<Blob> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the sample answered HTTP ${response.status}`);
  return response.blob();
}
