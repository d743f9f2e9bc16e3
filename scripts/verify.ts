// Runs everything that must pass before a change lands, fastest checks first.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import process from "node:process"
import { tarballProblems } from "./licences/plugin.ts"
import { packages, run } from "./run.ts"

const root = resolve(import.meta.dirname, "..")

run("node", ["scripts/lockfile.ts"])
run("node", ["scripts/models.ts", "--check"])
run("tsc", ["-b"])
run("oxlint", ["--deny-warnings"])
run("oxfmt", ["--check", "."])
run("node", ["scripts/structure/main.ts"])
run("knip", [])
run("node", ["scripts/build.ts"])
run("node", ["tools/docs/main.ts"])
run("npx", ["-y", "pnpm@12.21.0", "test"])
run("npx", ["-y", "pnpm@12.21.0", "faults"])
run("node", ["scripts/conformance/main.ts"])
run("node", ["scripts/floor.ts", "--short"])
run("node", ["scripts/packed/main.ts"])

// Checks the packages to be published, as a registry would deliver them.
const out = mkdtempSync(join(tmpdir(), "parley-pack-"))
for (const name of packages()) {
  const dir = join(root, "packages", name)
  run("npx", ["-y", "pnpm@12.21.0", "pack", "--pack-destination", out], dir)
}
for (const tarball of readdirSync(out)) {
  run("publint", ["run", join(out, tarball), "--strict"])
  const isLibrary = !tarball.startsWith("parley-cli-")
  if (isLibrary) run("attw", [join(out, tarball), "--profile", "esm-only", "--quiet"])
  run("tar", ["-xzf", join(out, tarball), "-C", out])
  const problems = tarballProblems(root, join(out, "package"), !isLibrary)
  rmSync(join(out, "package"), { recursive: true })
  for (const problem of problems) console.error(`${tarball}: ${problem}`)
  if (problems.length > 0) process.exit(1)
}
rmSync(out, { recursive: true, force: true })

const { version } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8"))
console.log(`\nverified ${version}`)
