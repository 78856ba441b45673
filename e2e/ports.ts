export const PORTS = {
  /** The built site, cross-origin isolated, under a strict Content Security Policy. */
  isolated: 4571,
  /** The same without isolation: what most hosts give by default. */
  plain: 4572,
  /** The development server of `npm start`. */
  development: 4573,
  /** e2e/kernels on a development server. Served last: when it answers, all do. */
  kernels: 4574,
} as const;

export function address(server: keyof typeof PORTS): string {
  return `http://localhost:${PORTS[server]}/`;
}
