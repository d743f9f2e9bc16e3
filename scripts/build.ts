// Libraries: tsc. The CLI: one bundled file, and the notices of what is in it. Every package carries the licence. Old output is removed first, since `tsc -b` never deletes what has no source.
import { copyFileSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { run, packages } from "./run.ts"

const root = resolve(import.meta.dirname, "..")
for (const name of packages()) {
  rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true })
  rmSync(join(root, "packages", name, "tsconfig.tsbuildinfo"), { force: true })
  copyFileSync(join(root, "LICENSE"), join(root, "packages", name, "LICENSE"))
}
rmSync(join(root, "packages/cli/THIRD-PARTY-NOTICES"), { force: true })
run("tsc", ["-b"])
run("rolldown", ["-c", "rolldown.config.ts"], join(root, "packages/cli"))
