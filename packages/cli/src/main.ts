#!/usr/bin/env node
import { enableCompileCache } from "node:module"
import process from "node:process"
import { version } from "./Version.ts"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const args = process.argv.slice(2)

if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`parley ${version}\n`)
} else if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`parley: needs Node 22.19 or newer; this is ${process.versions.node}\n`)
  process.exitCode = 3
} else {
  enableCompileCache()
  const { main } = await import("./Program.ts")
  main(args)
}
