import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { env as variables } from "node:process"
import { temporary } from "./temporary.ts"

/** A directory for real repositories, and git in it. Nothing of the user's configuration counts. */
export const world = Effect.map(temporary, (home) => {
  const env = { PATH: variables["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1", GIT_ALLOW_PROTOCOL: "file" }
  const git = (cwd: string, ...args: ReadonlyArray<string>): string =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"]
    }).trim()
  /** A new repository with this many commits. */
  const repository = (name: string, commits: number): string => {
    const top = `${home}/${name}`
    fs.mkdirSync(top, { recursive: true })
    git(top, "init", "--quiet", "--initial-branch=main")
    for (let i = 1; i <= commits; i++) git(top, "commit", "--quiet", "--allow-empty", "-m", `${name} ${i}`)
    return top
  }
  return { home, env, git, repository }
})
