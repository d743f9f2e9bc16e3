import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { env as variables } from "node:process"
import * as GitCommand from "../src/GitCommand.ts"
import * as Repository from "../src/Repository.ts"
import { put, temporary } from "./support/temporary.ts"

/** A repository whose own configuration would run a program wherever git allows that. The program leaves a file. */
const planted = Effect.gen(function* () {
  const home = yield* temporary
  const top = `${home}/top`
  const env = { PATH: variables["PATH"], HOME: home, GIT_CONFIG_NOSYSTEM: "1" }
  fs.mkdirSync(top)
  const git = (...args: ReadonlyArray<string>) => execFileSync("git", args, { cwd: top, env, encoding: "utf8" })
  git("init", "--quiet", "--initial-branch=main")
  put(top, "a.txt", "a\n")
  put(top, "b.md", "b\n")
  put(top, ".gitattributes", "*.txt filter=evil\n*.md filter=long\n")
  git("add", ".")
  git("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "first commit")
  // A commit that seems to be signed, so that showing its signature would run a program.
  const commit = git("cat-file", "commit", "HEAD").replace(
    "\n\n",
    "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n"
  )
  const signed = execFileSync("git", ["hash-object", "-t", "commit", "-w", "--stdin"], { cwd: top, env, input: commit })
  git("update-ref", "HEAD", signed.toString().trim())
  const ran = `${home}/ran`
  const program = `${top}/evil.sh`
  put(top, "evil.sh", `#!/bin/sh\necho "$0 $@" >> ${ran}\ncat\n`)
  fs.chmodSync(program, 0o755)
  put(top, ".git/hooks/post-index-change", fs.readFileSync(program))
  fs.chmodSync(`${top}/.git/hooks/post-index-change`, 0o755)
  put(home, "included", `[filter "long"]\n\tprocess = ${program}\n\trequired = true\n`)
  for (const [name, value] of [
    ["core.fsmonitor", program],
    ["core.pager", program],
    ["pager.status", program],
    ["pager.log", program],
    ["core.hooksPath", `${top}/.git/hooks`],
    ["filter.evil.clean", program],
    ["filter.evil.smudge", program],
    ["filter.evil.required", "true"],
    ["log.showSignature", "true"],
    ["gpg.program", program],
    ["diff.external", program],
    ["core.sshCommand", program],
    ["include.path", `${home}/included`]
  ] as const)
    git("config", name, value)
  put(top, "b.md", "B\n")
  put(top, "a.txt", "A\n")
  fs.rmSync(ran, { force: true })
  const repository = yield* Repository.at(top)
  if (repository === undefined) throw new Error("there is no repository")
  return { env, ran, repository, top }
})

describe("git in a repository whose files are not trusted", () => {
  it.effect("runs no program that the repository names", () =>
    Effect.gen(function* () {
      const { env, ran, repository, top } = yield* planted
      const status = yield* GitCommand.run(repository, ["status", "--porcelain"], env)
      const log = yield* GitCommand.run(repository, ["log", "-n", "5", "--format=%s"], env)
      assert.strictEqual(log, "first commit\n")
      assert.include(status, " M a.txt")
      assert.isFalse(fs.existsSync(ran), fs.existsSync(ran) ? fs.readFileSync(ran, "utf8") : "")
      spawnSync("git", ["status"], { cwd: top, env })
      assert.isTrue(fs.existsSync(ran), "without the settings, a program runs")
    })
  )

  it.effect("does not write to the repository", () =>
    Effect.gen(function* () {
      const { env, repository, top } = yield* planted
      const before = fs.statSync(`${top}/.git/index`).mtimeMs
      fs.utimesSync(`${top}/.gitattributes`, 0, 0)
      yield* GitCommand.run(repository, ["status", "--porcelain"], env)
      assert.strictEqual(fs.statSync(`${top}/.git/index`).mtimeMs, before)
    })
  )

  it.effect("finds git neither in the repository nor in the current directory", () =>
    Effect.gen(function* () {
      const { env, ran, repository, top } = yield* planted
      put(top, "git", fs.readFileSync(`${top}/evil.sh`))
      fs.chmodSync(`${top}/git`, 0o755)
      const PATH = `.:${env.PATH ?? ""}`
      assert.include(yield* GitCommand.run(repository, ["status", "--porcelain"], { ...env, PATH }), "?? git")
      assert.isFalse(fs.existsSync(ran))
      assert.isUndefined(yield* GitCommand.run(repository, ["status"], { ...env, PATH: "" }))
    })
  )

  it.effect("is not run if a filter could not be switched off", () =>
    Effect.gen(function* () {
      const { env, ran, repository, top } = yield* planted
      fs.appendFileSync(`${top}/.git/config`, `[filter "e=vil"]\n\tclean = ${top}/evil.sh\n`)
      assert.isUndefined(yield* GitCommand.run(repository, ["status"], env))
      assert.isFalse(fs.existsSync(ran))
    })
  )
})
