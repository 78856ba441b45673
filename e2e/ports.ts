/** The first of four ports in a row; two test runs at once need different ones. */
const FIRST = Number(process.env.LUTRA_TEST_PORT ?? 4571);

export const PORTS = {
  /** The built site, cross-origin isolated, under a strict Content Security Policy. */
  isolated: FIRST,
  /** The same without isolation: what most hosts give by default. */
  plain: FIRST + 1,
  /** The development server of `npm start`. */
  development: FIRST + 2,
  /** e2e/kernels on a development server. Served last: when it answers, all do. */
  kernels: FIRST + 3,
} as const;

/** Folder of the built site that the first two serve: the tests' own copy, as `npm run build` must not pull the files from under them. */
export const SITE = `test-results/site-${FIRST}`;

/** Not `localhost`, which may mean ::1 to the server and 127.0.0.1 to the browser. */
export const HOST = '127.0.0.1';

export function address(server: keyof typeof PORTS): string {
  return `http://${HOST}:${PORTS[server]}/`;
}
