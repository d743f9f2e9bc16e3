import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Place } from "../files/place.ts"

/** The content of files outside the workspace. It must not occur in any request or output. */
export const secret = "SECRET-OUTSIDE-5f3a9c"
/** The name of a file outside the workspace. */
export const secretName = "NAME-OUTSIDE-81d4e2"
/** The content of files in the workspace. Every way must read it; otherwise its test would prove nothing. */
export const inside = "Inside."

/** One variant: how a path leaves the workspace. */
export interface Escape {
  readonly name: string
  /** Symbolic links to create in the workspace. */
  readonly links: { readonly [from: string]: string }
  /** Paths of files outside, and of directories outside. */
  readonly files: ReadonlyArray<string>
  readonly directories: ReadonlyArray<string>
  /** Patterns that would match files outside. */
  readonly patterns: ReadonlyArray<string>
  /** Paths of files inside that lead through the outside. */
  readonly through?: ReadonlyArray<string>
}

/**
 * Creates a workspace `ws` next to two directories outside it. The name of one of them begins with the name of the
 * workspace.
 */
export const surround = (here: Place): void => {
  mkdirSync(join(here.root, ".git"), { recursive: true })
  for (const directory of ["", "other", "other/d", "ws-evil", "ws-evil/d"])
    for (const name of ["a.md", "AGENTS.md", "CLAUDE.md", `${secretName}.md`]) {
      mkdirSync(join(here.root, directory), { recursive: true })
      writeFileSync(join(here.root, directory, name), `${secret} of ${directory}/${name}`)
    }
  here.put("docs/a.md", inside)
  here.put("docs/CLAUDE.md", `${inside} For docs.`)
}

export const link = (here: Place, links: Escape["links"]): void => {
  for (const [from, to] of Object.entries(links)) {
    mkdirSync(dirname(join(here.workspace, from)), { recursive: true })
    symlinkSync(to, join(here.workspace, from))
  }
}
