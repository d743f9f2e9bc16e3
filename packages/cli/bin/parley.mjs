#!/usr/bin/env node
// The front door of the bundle. It answers before the bundle is read when it can, and lets Node cache what it compiles.
import { readFileSync } from "node:fs"
import * as nodeModule from "node:module"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import process from "node:process"

const [major, minor] = process.versions.node.split(".").map(Number)
const args = process.argv.slice(2)

if (args.length === 1 && args[0] === "--version") {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))
  process.stdout.write(`parley v${version}\n`)
} else if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`parley: needs Node 22.19 or newer; this is ${process.versions.node}\n`)
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
  await import("../dist/parley.mjs")
}
