import { join } from "node:path"
import type { Place } from "../files/place.ts"
import type { Escape } from "./outside.ts"

/** The paths that leave a workspace, except the one that does so in a race (see `race.ts`). */
export const escapes = (here: Place): ReadonlyArray<Escape> => {
  const file = join(here.root, "other/a.md")
  return [
    {
      name: "links to files",
      links: {
        "out.md": "../other/a.md",
        "absolute.md": file,
        "hop.md": "out.md",
        "AGENTS.md": "../other/AGENTS.md",
        "docs/AGENTS.md": "../../AGENTS.md"
      },
      files: ["out.md", "absolute.md", "hop.md", "AGENTS.md", "docs/AGENTS.md"],
      directories: [],
      patterns: ["*.md", "**/*.md"]
    },
    {
      name: "links to directories",
      links: { out: "../other", up: "..", "docs/up": "../..", absolute: here.root },
      files: ["out/a.md", "up/other/a.md", "docs/up/other/d/a.md", "absolute/a.md"],
      directories: ["out", "up", "docs/up/other", "absolute"],
      patterns: ["out/*.md", "up/**/*.md", "docs/up/*", "absolute/*"],
      through: ["docs/up/ws/docs/a.md", "absolute/ws/docs/a.md"]
    },
    {
      name: "upwards",
      links: {},
      files: ["../other/a.md", "../AGENTS.md", "docs/../../other/a.md", "..\\other\\a.md", "./docs/..//../a.md"],
      directories: ["..", "../other", "docs/../.."],
      patterns: ["../other/*.md", "*/../../other/*.md", "{..,docs}/*.md"]
    },
    {
      name: "absolute, in a home, as an address, of a drive, with a NUL",
      links: {},
      files: [file, `/${file}`, `file://${file}`, `//?/C:${file}`, "C:\\other\\a.md", "~/a.md", `${file}\0.md`],
      directories: [here.root, "/", "~"],
      patterns: [`${here.root}/*.md`, `${here.root}/**`, "/**/a.md"]
    },
    {
      name: "into a directory whose name begins as the workspace's does",
      links: {
        evil: "../ws-evil",
        "evil.md": "../ws-evil/a.md",
        same: `${here.workspace}-evil`,
        "AGENTS.md": "../ws-evil/AGENTS.md"
      },
      files: ["../ws-evil/a.md", `${here.workspace}-evil/a.md`, "evil/a.md", "evil.md", "same/d/a.md", "AGENTS.md"],
      directories: ["evil", "../ws-evil", "same/d"],
      patterns: ["evil/*.md", "same/**/*.md", "../ws-evil/*.md", "*.md"]
    }
  ]
}
