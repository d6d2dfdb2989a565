// Removes everything that a build or a test run left behind. `tsc -b` never deletes the output of a removed
// source, and such a file would be packed, so a release starts here.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folders = ['packages', 'examples', 'tools'].flatMap((group) => {
  try {
    return readdirSync(join(root, group), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(root, group, entry.name));
  } catch {
    return [];
  }
});
for (const folder of [root, ...folders])
  for (const made of ['dist', 'coverage', '.turbo'])
    rmSync(join(folder, made), { recursive: true, force: true });
