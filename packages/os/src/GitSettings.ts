import { homedir } from "node:os"
import { dirname, isAbsolute, join, resolve, sep } from "node:path"
import process from "node:process"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as GitConfig from "./GitConfig.ts"
import { bytesOf } from "./Ignore.ts"
import { type Repository, textOf } from "./Repository.ts"
import * as Wildmatch from "./Wildmatch.ts"

/** Environment variables, such as `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>

/** Git allows this many levels of files that include others. */
const depth = 10

/** Undefined for a user without a home directory: the system reports that as an error. */
const homeOfAccount = (): string | undefined =>
  Result.getOrUndefined(Result.try({ try: () => homedir(), catch: () => undefined }))

const homeOf = (env: Env): string | undefined => env["HOME"] ?? env["USERPROFILE"] ?? homeOfAccount()

const inHome = (env: Env, ...names: ReadonlyArray<string>): string | undefined => {
  const home = homeOf(env)
  return home === undefined ? undefined : join(home, ...names)
}

/** The user's directory of git's files, `$XDG_CONFIG_HOME/git` or `~/.config/git`; undefined without a home directory. */
export const userDirectory = (env: Env): string | undefined => {
  const config = env["XDG_CONFIG_HOME"]
  return config !== undefined && isAbsolute(config) ? join(config, "git") : inHome(env, ".config", "git")
}

/** A path of a configuration: `~/` is the home directory, if there is one, and anything else is relative to `base`. */
export const pathOf = (value: string, base: string, env: Env): string => {
  const own = value === "~" || value.startsWith("~/") ? inHome(env, value.slice(1)) : undefined
  return own ?? resolve(base, value)
}

/** The configuration files of the machine and of the user, in the order in which git reads them. */
const filesOf = (env: Env): ReadonlyArray<string> => {
  const no = GitConfig.isTrue(env["GIT_CONFIG_NOSYSTEM"])
  const system = env["GIT_CONFIG_SYSTEM"] ?? (process.platform === "win32" ? undefined : "/etc/gitconfig")
  const { GIT_CONFIG_GLOBAL: one } = env
  const directory = userDirectory(env)
  const own = [directory === undefined ? undefined : join(directory, "config"), inHome(env, ".gitconfig")]
  const files = [no ? undefined : system, ...(one === undefined ? own : [one])]
  return files.flatMap((path) => (path === undefined || path === "" ? [] : [path]))
}

interface Reading {
  readonly env: Env
  readonly repository: Repository | undefined
}

/** Whether the condition of an `includeIf` holds. Git's other conditions depend on remotes, and are taken as false. */
const holds = Effect.fnUntraced(function* (condition: string, file: string, { env, repository }: Reading) {
  const [, kind, given = ""] = /^(gitdir|gitdir\/i|onbranch):(.*)$/s.exec(condition) ?? []
  if (repository === undefined || kind === undefined) return false
  const fold = kind === "gitdir/i"
  const open = given.endsWith("/") ? `${given}**` : given
  if (kind === "onbranch") {
    const branch = /^ref: refs\/heads\/(.+)\n?$/.exec((yield* textOf(join(repository.gitDirectory, "HEAD"))) ?? "")?.[1]
    return branch !== undefined && Wildmatch.matcher(bytesOf(open), { pathname: true })(bytesOf(branch))
  }
  const isPath = /^(?:\.\/|~\/)/.test(open)
  const absolute = isPath ? pathOf(open, dirname(file), env) : isAbsolute(open) ? open : `**/${open}`
  const pattern = bytesOf(absolute.split(sep).join("/"))
  const subject = bytesOf(repository.gitDirectory.split(sep).join("/"))
  return Wildmatch.matcher(pattern, { pathname: true, fold })(fold ? subject.toLowerCase() : subject)
})

const read = (file: string, reading: Reading, level = 0): Effect.Effect<ReadonlyArray<GitConfig.Setting>> =>
  Effect.gen(function* () {
    const own = GitConfig.parse((yield* textOf(file)) ?? "") ?? []
    const all: Array<GitConfig.Setting> = []
    for (const setting of own) {
      all.push(setting)
      if (setting.key !== "path" || level >= depth) continue
      const { part, section, value } = setting
      const included =
        (section === "include" && part === undefined) ||
        (section === "includeif" && part !== undefined && (yield* holds(part, file, reading)))
      if (included) all.push(...(yield* read(pathOf(value, dirname(file), reading.env), reading, level + 1)))
    }
    return all
  })

/** The settings that are in a repository itself, which anyone may have written. */
export const ofRepository = Effect.fnUntraced(function* (
  repository: Repository,
  env: Env
): Effect.fn.Return<ReadonlyArray<GitConfig.Setting>> {
  const reading: Reading = { env, repository }
  const shared = yield* read(join(repository.commonDirectory, "config"), reading)
  const perWorktree = GitConfig.isTrue(GitConfig.last(shared, "extensions", "worktreeconfig"))
  const own = perWorktree ? yield* read(join(repository.gitDirectory, "config.worktree"), reading) : []
  return [...shared, ...own]
})

/**
 * The settings of git that apply in a repository, those of the machine first and of the worktree last, so that the last
 * value counts. Starts no program. A file that cannot be read, or is not a configuration, has no settings.
 */
export const settings = Effect.fnUntraced(function* (
  repository: Repository | undefined,
  env: Env
): Effect.fn.Return<ReadonlyArray<GitConfig.Setting>> {
  const reading: Reading = { env, repository }
  const users = (yield* Effect.forEach(filesOf(env), (file) => read(file, reading))).flat()
  return repository === undefined ? users : [...users, ...(yield* ofRepository(repository, env))]
})
