// Everything that must hold before a change lands, in the order in which it fails fastest.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { packages, run } from "./run.ts"

const root = resolve(import.meta.dirname, "..")

run("tsc", ["-b"])
run("oxlint", ["--deny-warnings"])
run("oxfmt", ["--check", "."])
run("knip", [])
run("node", ["scripts/build.ts"])
run("npx", ["-y", "pnpm@12.21.0", "test"])
run("node", ["scripts/conformance/main.ts"])

// What would be published, checked as a registry would hand it out.
const out = mkdtempSync(join(tmpdir(), "parley-pack-"))
for (const name of packages()) {
  const dir = join(root, "packages", name)
  run("npx", ["-y", "pnpm@12.21.0", "pack", "--pack-destination", out], dir)
}
for (const tarball of readdirSync(out)) {
  run("publint", ["run", join(out, tarball), "--strict"])
  const isLibrary = !tarball.startsWith("parley-cli-")
  if (isLibrary) run("attw", [join(out, tarball), "--profile", "esm-only", "--quiet"])
}
rmSync(out, { recursive: true, force: true })

const { version } = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8"))
console.log(`\nverified ${version}`)
