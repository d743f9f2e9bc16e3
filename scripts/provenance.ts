import { execFileSync } from "node:child_process"
import { cpus, release, type } from "node:os"
import { resolve } from "node:path"
import process from "node:process"

const git = (...args: ReadonlyArray<string>): string =>
  execFileSync("git", args, { cwd: resolve(import.meta.dirname, ".."), encoding: "utf8" }).trim()

/** The date, machine and commit of a measurement, which every evidence file must state. */
export const provenance = (): string => {
  const changed = git("status", "--porcelain", "--", ".", ":!docs") === "" ? "" : " with changes"
  return [
    new Intl.DateTimeFormat("sv-SE").format(),
    `${cpus().length} cores`,
    `${type()} ${release().split("-")[0]}`,
    `Node ${process.versions.node}`,
    `commit ${git("rev-parse", "--short=10", "HEAD")}${changed}`
  ].join(", ")
}
