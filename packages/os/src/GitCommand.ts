import { execFile } from "node:child_process"
import { dirname } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as GitSettings from "./GitSettings.ts"
import type { Repository } from "./Repository.ts"

/** How long one command may take, and how many bytes it may print. */
const millis = 2000
const maxBytes = 1024 * 1024

/** The variables that git and its dynamic linker need. Others, such as `GIT_DIR`, would change what it does. */
const kept = [
  "HOME",
  "USERPROFILE",
  "XDG_CONFIG_HOME",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "GIT_CONFIG_NOSYSTEM"
].concat(["SystemRoot", "TMPDIR", "TEMP"])

/** Settings under which no file of a repository can make git start a program, write, or connect anywhere. */
const safe = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.pager=cat",
  "core.sshCommand=false",
  "log.showSignature=false",
  "gpg.program=false",
  "submodule.recurse=false",
  "status.submoduleSummary=false",
  "protocol.allow=never"
]

/** Settings that switch off the programs that a repository's own configuration would run on the content of its files. */
const withoutFilters = Effect.fnUntraced(function* (repository: Repository, env: GitSettings.Env) {
  const settings = yield* GitSettings.ofRepository(repository, env)
  const names = new Set(
    settings.flatMap(({ part, section }) => (section === "filter" && part !== undefined ? [part] : []))
  )
  // A name with `=` or a line end could not be written as a setting; git is not run then.
  if ([...names].some((name) => /[=\n]/.test(name))) return undefined
  return [...names].flatMap((name) => [
    `filter.${name}.clean=`,
    `filter.${name}.smudge=`,
    `filter.${name}.process=`,
    `filter.${name}.required=false`
  ])
})

/**
 * What a git command prints, run so that nothing in an untrusted repository makes it start a program, write to the
 * repository, or connect anywhere: no hooks, no monitor of files, no pager, no filters, no optional locks. Undefined if git
 * is not installed, fails, takes longer than two seconds, or prints more than a mebibyte. For commands that only read.
 *
 * @since 0.1.0
 * @category functions
 */
export const run = Effect.fn("GitCommand.run")(function* (
  repository: Repository,
  args: ReadonlyArray<string>,
  env: GitSettings.Env
): Effect.fn.Return<string | undefined> {
  const filters = yield* withoutFilters(repository, env)
  if (filters === undefined) return undefined
  const variables = Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])))
  const configured = [...safe, ...filters].flatMap((setting) => ["-c", setting])
  return yield* Effect.callback<string | undefined>((resume) => {
    const child = execFile(
      "git",
      ["--no-pager", "--literal-pathspecs", "-C", repository.top, ...configured, ...args],
      {
        // Windows looks for programs in the current directory first, and the search path may have relative entries: neither
        // must lead to a program in the repository.
        cwd: dirname(process.execPath),
        env: {
          ...variables,
          PATH: env["PATH"] ?? env["Path"] ?? "",
          LC_ALL: "C",
          GIT_OPTIONAL_LOCKS: "0",
          GIT_TERMINAL_PROMPT: "0",
          GIT_ALLOW_PROTOCOL: "none",
          GIT_NO_LAZY_FETCH: "1",
          GIT_CEILING_DIRECTORIES: dirname(repository.top)
        },
        timeout: millis,
        killSignal: "SIGKILL",
        maxBuffer: maxBytes,
        windowsHide: true
      },
      (error, stdout) => resume(Effect.succeed(error === null ? stdout : undefined))
    )
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
})
