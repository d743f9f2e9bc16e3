import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Place } from "../files/place.ts"

/** What files outside of the workspace hold. It must not be in anything that is sent or said. */
export const secret = "SECRET-OUTSIDE-5f3a9c"
/** What a file outside is called. */
export const secretName = "NAME-OUTSIDE-81d4e2"
/** What files of the workspace hold. Every way in must get here, or it would prove nothing. */
export const inside = "Inside."

/** One variant: how a path leaves the workspace. */
export interface Escape {
  readonly name: string
  /** Links that are made in the workspace. */
  readonly links: { readonly [from: string]: string }
  /** Paths of files outside, and of directories outside. */
  readonly files: ReadonlyArray<string>
  readonly directories: ReadonlyArray<string>
  /** Patterns that would find what is outside. */
  readonly patterns: ReadonlyArray<string>
  /** Paths of files inside that lead through the outside. */
  readonly through?: ReadonlyArray<string>
}

/**
 * A workspace `ws` in what may be a repository, beside two directories that are none of its business. The name of one of
 * them begins as the workspace's does.
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
