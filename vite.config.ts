import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type Connect, defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('demo/', import.meta.url));
/** Where `npm run docs` puts its pages. */
const docs = fileURLToPath(new URL('dist/site/docs/', import.meta.url));
const PAGES = ['index.html', 'image/index.html', 'speech/index.html', 'benchmark/index.html', 'convert/index.html'];

/** Memory can be shared between workers only on pages served with these headers. */
const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};
/** What the built site may do in the preview. It needs no more on any host. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const isolated = process.env.LUTRA_NO_ISOLATION !== '1';
const isolation = isolated ? ISOLATION : {};

/**
 * Sends headers with every answer. Vite's own settings leave them out of “304 Not Modified”, and WebKit judges by that: it refuses
 * the second worker of an isolated page.
 */
function headers(): Plugin {
  const send =
    (fields: Readonly<Record<string, string>>) =>
    ({ middlewares }: { readonly middlewares: Connect.Server }) =>
      void middlewares.use((_request, response, next) => {
        for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
        next();
      });
  return {
    name: 'lutra-headers',
    configureServer: send(isolation),
    configurePreviewServer: send({ ...isolation, 'Content-Security-Policy': CONTENT_SECURITY_POLICY }),
  };
}

/** Puts sizes.json beside the built pages: the bytes of every script, plain and gzip, which a page shows. */
function sizes(): Plugin {
  return {
    name: 'lutra-sizes',
    // The development server has no bundles to measure.
    configureServer: ({ middlewares }) =>
      void middlewares.use('/sizes.json', (_request, response) => response.end('[]')),
    generateBundle(_options, bundle) {
      const scripts = Object.values(bundle).flatMap((file) => {
        if (!file.fileName.endsWith('.js')) return [];
        const bytes = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        return [{ file: file.fileName, bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length }];
      });
      this.emitFile({ type: 'asset', fileName: 'sizes.json', source: JSON.stringify(scripts) });
    },
  };
}

/**
 * Puts the content of a page into demo/shared/html/page.html. A page begins with `<!-- page NAME="VALUE" … -->`: the values stand for
 * `{{NAME}}` there. `styles` lists its style sheets. `{{home}}` leads to the front page.
 */
function layout(): Plugin {
  const frame = join(root, 'shared/html/page.html');
  return {
    name: 'lutra-layout',
    transformIndexHtml: {
      order: 'pre',
      handler(html, { path }) {
        const [head = '', settings = ''] = /^<!-- page([\s\S]*?)-->/.exec(html) ?? [];
        const values = new Map(
          [...settings.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
        );
        values.set('home', '../'.repeat(path.split('/').length - 2) || './');
        const styles = values
          .get('styles')
          ?.split(' ')
          .map((file) => `<link rel="stylesheet" href="${file}" />`);
        return readFileSync(frame, 'utf8')
          .replace(/\{\{(\w+)\}\}/g, (_, name: string) => values.get(name) ?? '')
          .replace('<!-- styles -->', () => styles?.join('') ?? '')
          .replace('<!-- content -->', () => html.slice(head.length));
      },
    },
  };
}

/**
 * Keeps what a worker's first script shares with later ones in chunks of their own. Vite would have the later ones import the first,
 * and WebKit then runs that a second time, with a state of its own.
 */
export function closedEntries(): Plugin {
  return {
    name: 'lutra-closed-entries',
    options: (options) => ({ ...options, preserveEntrySignatures: 'strict' }),
  };
}

const DOCS_TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
};

/** Serves the documentation under docs/ of the development server. The first request makes it. */
function documentation(): Plugin {
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  let making: Promise<unknown> | undefined;
  const make = () => promisify(execFile)('npm', ['run', '-s', 'docs'], { cwd });
  return {
    name: 'lutra-docs',
    configureServer({ middlewares }) {
      middlewares.use('/docs', async (request, response, next) => {
        try {
          making ??= existsSync(join(docs, 'index.html')) ? Promise.resolve() : make();
          await making;
        } catch (error) {
          making = undefined;
          return next(error);
        }
        const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://docs').pathname));
        const file = join(docs, path.endsWith('/') ? `${path}index.html` : path);
        if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return next();
        response.setHeader('Content-Type', DOCS_TYPES[extname(file)] ?? 'application/octet-stream');
        response.end(readFileSync(file));
      });
    },
  };
}

export default defineConfig({
  root,
  base: './',
  // A missing file is a 404, not the front page.
  appType: 'mpa',
  publicDir: fileURLToPath(new URL('public/', import.meta.url)),
  plugins: [headers(), layout(), sizes(), documentation()],
  server: { port: 5173, fs: { allow: [fileURLToPath(new URL('.', import.meta.url))] } },
  preview: { port: 4173 },
  worker: { format: 'es', plugins: () => [closedEntries()] },
  build: {
    outDir: fileURLToPath(new URL('dist/site/', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // Small assets stay files: a data: URL would need a weaker Content Security Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: PAGES.map((page) => root + page).filter((page) => existsSync(page)) },
  },
});
