// API reports: the public surface of every entry point as one text, `packages/<name>/etc/<entry>.api.md`. The report is
// committed, so a change of API shows as a diff; `--check` fails when report and code differ.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';

const root = fileURLToPath(new URL('../..', import.meta.url));
const isCheck = process.argv.includes('--check');

/** Every entry point of every package: its report's name and the declarations that a user's compiler sees. */
function* entries() {
  for (const short of readdirSync(join(root, 'packages'))) {
    const folder = join(root, 'packages', short);
    if (!existsSync(join(folder, 'package.json'))) continue;
    const { publishConfig } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const [key, target] of Object.entries(publishConfig.exports))
      if (target.types)
        yield {
          folder,
          types: join(folder, target.types),
          report: key === '.' ? short : `${short}-${key.slice(2)}`,
        };
  }
}

function configure({ folder, types, report }) {
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(folder, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      bundledPackages: [],
      newlineKind: 'lf',
      compiler: {
        // The declarations were checked when they were made; here they are only read.
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2023',
            lib: ['es2023', 'esnext.disposable'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            typeRoots: [join(root, 'node_modules', '@types')],
            skipLibCheck: true,
          },
          files: [types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${report}.api.md`,
        reportFolder: join(folder, 'etc'),
        reportTempFolder: join(root, 'tools/docs/dist/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Warning, addToApiReportFile: true },
          // A member without a release tag is public.
          'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
          // It lists source lines, so that a report would change without the API; and a link may lead to another package.
          'ae-undocumented': { logLevel: ExtractorLogLevel.None },
          'ae-unresolved-link': { logLevel: ExtractorLogLevel.None },
        },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
}

function write(entry) {
  mkdirSync(join(entry.folder, 'etc'), { recursive: true });
  mkdirSync(join(root, 'tools/docs/dist/api'), { recursive: true });
  const result = Extractor.invoke(configure(entry), {
    localBuild: !isCheck,
    showVerboseMessages: false,
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
      // What it says about itself is said better below.
      if (message.category !== 'console' && message.logLevel === ExtractorLogLevel.Warning)
        console.warn(`${entry.report}: ${message.text}`);
    },
  });
  if (result.apiReportChanged)
    console[isCheck ? 'error' : 'log'](
      isCheck
        ? `${entry.report}: the API differs from its report; run "pnpm api".`
        : `${entry.report}: report written`,
    );
  return result.errorCount === 0 && !(isCheck && result.apiReportChanged);
}

const built = spawnSync(
  join(root, 'node_modules/.bin/tsc'),
  ['-b', ...readdirSync(join(root, 'packages')).map((short) => `packages/${short}`)],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
if (built.status !== 0) process.exit(1);
let isGood = true;
const expected = new Set();
for (const entry of entries()) {
  isGood = write(entry) && isGood;
  expected.add(join(entry.folder, 'etc', `${entry.report}.api.md`));
}
// A report without an entry point would go on looking like an API.
for (const folder of new Set([...entries()].map((entry) => entry.folder)))
  for (const name of existsSync(join(folder, 'etc')) ? readdirSync(join(folder, 'etc')) : []) {
    const path = join(folder, 'etc', name);
    if (expected.has(path)) continue;
    if (isCheck) console.error(`${path} belongs to no entry point.`);
    else rmSync(path);
    isGood &&= !isCheck;
  }
process.exit(isGood ? 0 : 1);
