import { OptionDefaults } from 'typedoc';

/** Tags of the Custom Elements Manifest, which describe the web component to editors. */
const ELEMENT_TAGS = ['@attr', '@cssState', '@csspart', '@cssprop', '@customElement', '@fires', '@slot', '@tag'];

/** `npm run docs`: the documentation of the API, beside the demo. */
export default {
  name: 'Lutra',
  entryPoints: ['index', 'convert/index', 'train/index', 'speech/index', 'element/index', 'element/define'].map(
    (name) => `src/${name}.ts`,
  ),
  tsconfig: 'tsconfig.build.json',
  out: 'dist/site/docs',
  readme: 'README.md',
  // It has a title of its own.
  headings: { readme: false },
  customCss: 'docs/pages.css',
  projectDocuments: [
    'element',
    'conversion',
    'training',
    'hosting',
    'benchmark',
    'lookup-operators',
    'operators',
    'pains',
    'glossary',
  ].map((name) => `docs/${name}.md`),
  blockTags: [...OptionDefaults.blockTags, ...ELEMENT_TAGS],
  excludePrivate: true,
  excludeInternal: true,
  excludeExternals: true,
  disableSources: true,
  // Named in comments for readers of the sources.
  externalSymbolLinkMappings: { lutra: { importModel: '#', fingerprint: '#' } },
  intentionallyNotExported: [
    'Attribute',
    'Epilogue',
    'Family',
    'FunctionBody',
    'Sample',
    'StepEngineOptions',
    'Values',
  ],
  // The README links to folders, which are no pages.
  validation: { invalidPath: false },
  treatWarningsAsErrors: true,
};
