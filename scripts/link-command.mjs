/** Makes `npx lutra` work in a checkout, as it does where the package is installed: npm links the commands of dependencies only. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';

const folder = 'node_modules/.bin';
mkdirSync(folder, { recursive: true });
if (process.platform === 'win32') {
  writeFileSync(`${folder}/lutra.cmd`, '@node "%~dp0\\..\\..\\bin\\lutra.js" %*\r\n');
} else {
  rmSync(`${folder}/lutra`, { force: true });
  symlinkSync('../../bin/lutra.js', `${folder}/lutra`);
}
