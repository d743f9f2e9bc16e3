#!/usr/bin/env node
// The front door of the bundle. It answers before the bundle is read when it can, and lets Node cache what it compiles.
// Versions of Node that are refused read it too, so that it keeps to what Node 12 knows.
import { readFileSync } from "fs"
import * as nodeModule from "module"
import { homedir } from "os"
import { isAbsolute, join } from "path"
import process from "process"

const [major, minor] = process.versions.node.split(".").map(Number)
const args = process.argv.slice(2)

if (args.length === 1 && args[0] === "--version") {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  process.stdout.write(`parley v${version}\n`)
} else if (major < 22 || (major === 22 && minor < 19) || major === 23) {
  // Node 23 has a `node:sqlite` without `isTransaction` and `setReturnArrays`.
  const needs = "needs Node 24 or newer, or Node 22 from 22.19 on"
  process.stderr.write(`parley: ${needs}; this is ${process.versions.node}\n`)
  process.exitCode = 3
} else {
  // Not Node's default in the shared temporary directory: code that is run must not come from where others may write.
  const cache = process.env.XDG_CACHE_HOME
  try {
    nodeModule.enableCompileCache(
      join(cache !== undefined && isAbsolute(cache) ? cache : join(homedir(), ".cache"), "parley")
    )
  } catch {
    // A user without an entry in the system's list and without HOME has no home directory, and no need of a cache.
  }
  void import("../dist/command/parley.mjs")
}
