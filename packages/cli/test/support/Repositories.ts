import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { env as inherited } from "node:process"
import * as Effect from "effect/Effect"
import { place } from "./Cli.ts"

/** A home, a repository in which the command runs, and what a person does with both. */
export const repositories = Effect.map(place, (here) => {
  const env = { PATH: inherited["PATH"], HOME: here.home, GIT_CONFIG_NOSYSTEM: "1", GIT_ALLOW_PROTOCOL: "file" }
  const git = (cwd: string, ...args: ReadonlyArray<string>) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"]
    })
  const root = dirname(here.home)
  const commit = (top: string) => {
    git(top, "init", "--quiet", "--initial-branch=main")
    git(top, "commit", "--quiet", "--allow-empty", "-m", "first")
  }
  /** Starts a session by a message, and returns its id. */
  const started = (cwd: string, message = "hi") =>
    Effect.map(here.run(["run", message], { cwd }), ({ code, stderr }) => {
      const id = /session (\S+)/.exec(stderr)?.[1]
      if (code !== 0 || id === undefined) throw new Error(stderr)
      return id
    })
  const list = (cwd: string, ...args: ReadonlyArray<string>) => here.run(["sessions", "list", ...args], { cwd })
  const again = (cwd: string) => here.run(["run", "-c", "again"], { cwd })
  const records = () => {
    const directory = join(here.home, ".local/share/parley/workspaces")
    return fs.existsSync(directory)
      ? fs.readdirSync(directory).map((name) => fs.readFileSync(join(directory, name), "utf8"))
      : []
  }
  return { ...here, root, git, commit, started, list, again, records }
})
