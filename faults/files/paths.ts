import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import * as WorkspacePaths from "../../packages/workspace/src/files/WorkspacePaths.ts"
import type { Case } from "../suite.ts"
import { place, shows } from "./place.ts"

const secret = "SECRET-OUTSIDE"
const dots = "refused: `..` is not allowed"
const absolute = "refused: absolute paths are not allowed"
const home = "refused: `~` is not expanded; a name that begins with it is written `./~…`"
const address = "refused: it is an address, not a path"
const missing = "does not exist"

/** The reason for which each path is refused. None may lead to a file, in any notation. */
const refused = (
  name: string,
  reasons: { readonly [path: string]: string },
  more: Effect.Effect<void> = Effect.void
): Case => ({
  id: "F03",
  name,
  run: Effect.gen(function* () {
    const here = yield* place
    mkdirSync(join(here.root, "other"))
    writeFileSync(join(here.root, "other/a.md"), secret)
    here.put("a.md", "Inside.")
    here.put("docs/b.md", "Below.")
    here.put(".git/config", "[remote]")
    here.put(".parley/prompt.json", "{}")
    here.include(["docs/b.md", ...Object.keys(reasons)])
    const seen = yield* shows(here, { "docs/b.md": "Below." }, reasons)
    assert.notInclude(seen.sent, secret)
    yield* more
  })
})

/** The reasons on Windows. Paths in project files must be refused on every system, because projects are shared. */
const onWindows = (reasons: { readonly [path: string]: string }) =>
  Effect.sync(() => {
    for (const [path, reason] of Object.entries(reasons))
      assert.strictEqual(WorkspacePaths.refusal(path, "win32"), reason)
  })
const notAllowed = "refused: Windows does not allow such a name"

export const paths: ReadonlyArray<Case> = [
  refused("upwards", {
    "../other/a.md": dots,
    "docs/../../other/a.md": dots,
    "docs/..": dots,
    "..\\other\\a.md": dots,
    "*/../../other/*.md": dots
  }),
  refused("absolute", { "/etc/passwd": absolute, "//etc/passwd": absolute, "/*": absolute, "\\etc": absolute }),
  refused("in a home", { "~": home, "~/a.md": home, "~root/.bashrc": home }),
  refused("an address", {
    "file:///etc/passwd": address,
    "http://127.0.0.1/a.md": address,
    "FILE:///etc/passwd": address
  }),
  refused("with a NUL", {
    "a.md\0": "refused: it contains a NUL character",
    "\0": "refused: it contains a NUL character"
  }),
  refused(
    "with a dot or a space at its end",
    { "a.md.": missing, "a.md ": missing, "a.md. .": missing },
    onWindows({ "a.md.": notAllowed, "a.md ": notAllowed, "docs./b.md": notAllowed })
  ),
  refused(
    "of a drive, a device or a share",
    {
      "C:\\a.md": absolute,
      "c:a.md": absolute,
      "//?/C:/a.md": absolute,
      "\\\\?\\C:\\a.md": absolute,
      "//./pipe/x": absolute
    },
    onWindows({ "con.md": "refused: Windows reserves this name", "docs/NUL": "refused: Windows reserves this name" })
  ),
  refused("in another case", {
    "A.MD": missing,
    ".Git/*": "refused: patterns do not search `.Git`; include its files by name",
    ".PARLEY/*.json": "refused: patterns do not search `.PARLEY`; include its files by name",
    "DOCS/*.md": "matches no file"
  })
]
