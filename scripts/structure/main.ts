// Checks the imports between packages, folders and files against rules.ts. Part of `pnpm check`.
import { readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import process from "node:process"
import { filesBelow } from "../mutants/graph.ts"
import { violations } from "./check.ts"

const root = resolve(import.meta.dirname, "../..")
const files = filesBelow(root, "packages").filter((file) => /^packages\/[^/]+\/src\//.test(file))
const found = violations(new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")])))
for (const violation of found) console.error(violation)
console.log(
  `${files.length} source files: ${found.length} violations of the order of packages and folders, or import cycles`
)
if (found.length > 0) process.exitCode = 1
