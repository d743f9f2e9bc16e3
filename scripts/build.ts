// Builds the libraries with tsc, and the CLI as one bundle with the licence notices of its contents. Every package
// gets a copy of the licence. Old output is removed first, since `tsc -b` never deletes output whose source was removed.
import { copyFileSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { shipDriver } from "./driver.ts"
import { run, packages } from "./run.ts"

const root = resolve(import.meta.dirname, "..")
for (const name of packages()) {
  rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true })
  rmSync(join(root, "packages", name, "tsconfig.tsbuildinfo"), { force: true })
  copyFileSync(join(root, "LICENSE"), join(root, "packages", name, "LICENSE"))
}
rmSync(join(root, "packages/cli/THIRD-PARTY-NOTICES"), { force: true })
run("tsc", ["-b"])
shipDriver(join(root, "packages/store"))
run("rolldown", ["-c", "rolldown.config.ts"], join(root, "packages/cli"))
