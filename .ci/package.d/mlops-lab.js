#!/usr/bin/env node
// Starts the program of this platform, which is a package of its own.
"use strict";

const { spawn } = require("node:child_process");

const name = `@mlops-lab/${process.platform}-${process.arch}`;
let program;
try {
  program = require.resolve(`${name}/bin/mlops-lab`);
} catch {
  console.error(`error: the package ${name} is not installed\n`);
  console.error("hint: install mlops-lab again, with its optional dependencies");
  console.error("hint: there are packages for: PLATFORMS");
  process.exit(3);
}

const child = spawn(program, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGTERM"]) {
  process.on(signal, () => {
    // A terminal sends these to both, and a second one would end the program at once.
    if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("error", (error) => {
  console.error(`error: ${program} cannot be run: ${error.message}`);
  process.exit(3);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
