import { fileURLToPath } from 'node:url';
import { FORBIDDEN } from './scripts/import-rules.mjs';

/** What ARCHITECTURE.md says of imports. `npm run -s imports` checks it, and what the core worker loads. */
export default {
  forbidden: FORBIDDEN,
  options: {
    // Tests may import anything; what is generated imports nothing.
    exclude: { path: ['\\.test\\.ts$', '/gen/'] },
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: fileURLToPath(new URL('tsconfig.json', import.meta.url)) },
  },
};
