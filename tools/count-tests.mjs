// Prints "<passed> <failed> <skipped>" from a JSON report of vitest and the exit code of the run that wrote it. What failed
// outside a test (a file that can't be loaded, a hook, an unhandled error) is in no test's result, and counts as one.
import { readFileSync } from 'node:fs';

const [path = '', exitCode = '1'] = process.argv.slice(2);
const { numPassedTests, numPendingTests, testResults } = JSON.parse(readFileSync(path, 'utf8'));
const failedIn = ({ status, assertionResults }) => {
  const failed = assertionResults.filter((result) => result.status === 'failed').length;
  return status === 'failed' ? Math.max(failed, 1) : failed;
};
const failed = testResults.reduce((sum, file) => sum + failedIn(file), 0);
console.log(`${numPassedTests} ${failed === 0 && exitCode !== '0' ? 1 : failed} ${numPendingTests}`);
