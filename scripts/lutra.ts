/** The `lutra` command from its sources, for scripts: `tsx scripts/lutra.ts <command> …`. */
import { main } from '../src/cli/main.js';

process.exitCode = await main(process.argv.slice(2));
