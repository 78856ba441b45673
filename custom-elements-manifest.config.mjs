/** `npm run manifest`: describes the web component for editors (custom-elements.json, https://custom-elements-manifest.open-wc.org). */

/** The package holds what the sources were compiled to. */
const compiled = (path) => path.replace(/^\/?src\/(.*)\.[jt]s$/, 'dist/$1.js');

/** Methods that browsers call, or that every element has. */
const NOT_OURS = new Set(['addEventListener', 'connectedMoveCallback']);

function tidy(node) {
  if (node === null || typeof node !== 'object') return;
  for (const key of ['path', 'module']) if (typeof node[key] === 'string') node[key] = compiled(node[key]);
  if (node.members) {
    node.members = node.members.filter(({ name, privacy }) => privacy !== 'private' && !NOT_OURS.has(name));
  }
  // Found where the element sends whichever event it is told to.
  if (node.events) node.events = node.events.filter(({ name }) => name !== 'type');
  for (const value of Object.values(node)) tidy(value);
}

export default {
  globs: ['attributes', 'classifier-element', 'define', 'index'].map((name) => `src/element/${name}.ts`),
  outdir: '.',
  // It names the manifest already.
  packagejson: false,
  plugins: [
    {
      name: 'package-view',
      packageLinkPhase({ customElementsManifest }) {
        for (const module of customElementsManifest.modules) {
          module.declarations = module.declarations.filter(({ kind }) => kind === 'class');
        }
        tidy(customElementsManifest);
      },
    },
  ],
};
