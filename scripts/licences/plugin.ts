// Writes the licence notices of the bundle during the build, and checks them in the packed tarballs for `pnpm verify`.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Plugin } from "rolldown"
import { packagesOf } from "./bundled.ts"
import { documentOf, noticesOf, problemsOf } from "./notices.ts"

/** The file in which the build lists the modules of the bundle. It is not published. */
const modulesFile = "packages/cli/dist/parley.modules.json"
const noticesFile = "THIRD-PARTY-NOTICES"

const notices = (root: string, modules: ReadonlyArray<string>) =>
  noticesOf(
    packagesOf(modules, join(root, "packages"), join(root, "node_modules/rolldown")),
    join(root, "scripts/licences/texts")
  )

/**
 * Writes THIRD-PARTY-NOTICES from the modules that remain in the bundle after tree shaking. The build fails if a licence is
 * missing or was not reviewed.
 */
export const thirdPartyNotices = (root: string): Plugin => ({
  name: "third-party-notices",
  writeBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap((file) => (file.type === "chunk" ? file.moduleIds : []))
    // The bundle itself may be written to another directory.
    mkdirSync(dirname(join(root, modulesFile)), { recursive: true })
    writeFileSync(join(root, "packages/cli", noticesFile), documentOf(notices(root, modules)))
    writeFileSync(join(root, modulesFile), JSON.stringify(modules))
  }
})

/** The licence problems of the unpacked tarball of a package. */
export const tarballProblems = (root: string, dir: string, isCommand: boolean): ReadonlyArray<string> => {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "")
  const licence = read(join(dir, "LICENSE")) === read(join(root, "LICENSE")) ? [] : ["it does not carry our LICENSE"]
  if (!isCommand) return licence
  const modules: ReadonlyArray<string> = JSON.parse(readFileSync(join(root, modulesFile), "utf8"))
  const document = read(join(dir, noticesFile))
  return [...licence, ...problemsOf(document, notices(root, modules)).map((problem) => `${noticesFile}: ${problem}`)]
}
