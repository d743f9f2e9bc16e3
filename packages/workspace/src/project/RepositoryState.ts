import { isPrintable } from "@parley/domain/VisibleText"
import * as GitCommand from "@parley/os/GitCommand"
import * as Repository from "@parley/os/Repository"
import * as Effect from "effect/Effect"
import * as SafeFile from "../disk/SafeFile.ts"
import { quote } from "../json/Json.ts"

/** How much is told: entries of the status and of the top directory, commits, and characters of one line. */
const maxChanges = 40
const maxTop = 60
const maxCommits = 5
const maxLine = 160

/** A name on one line, so that it cannot pass for something else. */
const line = (text: string): string => {
  const short = text.length > maxLine ? `${text.slice(0, maxLine).toWellFormed()}…` : text
  return isPrintable(short) ? short : quote(short)
}

const limited = (lines: ReadonlyArray<string>, most: number): ReadonlyArray<string> =>
  lines.length <= most ? lines : [...lines.slice(0, most), `… and ${lines.length - most} more`]

/** The branch, and how far it is from the one that it follows, from the header lines of `git status --porcelain=v2`. */
const branchOf = (headers: ReadonlyMap<string, string>): string => {
  const head = headers.get("branch.head") ?? ""
  const commit = headers.get("branch.oid") ?? ""
  if (commit === "(initial)") return `Branch: ${line(head)}, without commits`
  const name = head === "(detached)" ? `none (HEAD is detached at ${commit.slice(0, 10)})` : line(head)
  const upstream = headers.get("branch.upstream")
  const [, ahead = "0", behind = "0"] = /^\+(\d+) -(\d+)$/.exec(headers.get("branch.ab") ?? "") ?? []
  return upstream === undefined
    ? `Branch: ${name}`
    : `Branch: ${name}, ${ahead} ahead of and ${behind} behind ${line(upstream)}`
}

/** The changes as `git status --short` shows them. A renamed file is followed by its former name. */
const changesOf = (fields: ReadonlyArray<string>): ReadonlyArray<string> => {
  const changes: Array<string> = []
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] ?? ""
    const [kind = "", state = ""] = field.split(" ")
    const rest = (skip: number) => line(field.split(" ").slice(skip).join(" "))
    const short = state.replaceAll(".", " ")
    if (kind === "?") changes.push(`?? ${rest(1)}`)
    else if (kind === "1") changes.push(`${short} ${rest(8)}`)
    else if (kind === "2") changes.push(`${short} ${rest(9)} (was ${line(fields[++i] ?? "")})`)
    else if (kind === "u") changes.push(`${short} ${rest(10)}`)
  }
  return changes
}

/** `isPart`: the workspace is a part of the repository, and git counts paths from its top. */
const statusText = (output: string | undefined, isPart: boolean): ReadonlyArray<string> => {
  if (output === undefined) return ["Status: not known, because git did not tell it within two seconds"]
  const fields = output.split("\0").filter((field) => field !== "")
  const headers = new Map(
    fields.flatMap((field) => {
      const [, name = "", value = ""] = /^# (\S+) (.*)$/s.exec(field) ?? []
      return name === "" ? [] : [[name, value] as const]
    })
  )
  const changes = changesOf(fields.filter((field) => !field.startsWith("# ")))
  const status =
    changes.length === 0
      ? ["Status: clean"]
      : [isPart ? "Status, with paths from the top of the repository:" : "Status:", ...limited(changes, maxChanges)]
  return [branchOf(headers), ...status]
}

const topText = Effect.fnUntraced(function* (root: string) {
  const listed = yield* SafeFile.list(root, root, 10_000, true).pipe(Effect.orElseSucceed(() => []))
  const names = listed
    .filter(({ name }) => name !== ".git")
    .map((entry) => `${line(entry.name)}${entry.isDirectory() ? "/" : ""}`)
    .sort()
  return names.length === 0 ? [] : [`At the top of the workspace: ${limited(names, maxTop).join(" ")}`]
})

/**
 * What changes about a workspace in a git repository, for the model: branch, status, recent commits, and the names at the top.
 * Undefined outside of a repository. All of it comes from outside. The length is bounded, and git is run so that the
 * repository cannot make it start programs: see `GitCommand`. `root` is a real path.
 */
export const read = Effect.fn("RepositoryState.read")(function* (
  root: string,
  env: Readonly<Record<string, string | undefined>>
): Effect.fn.Return<string | undefined> {
  const repository = yield* Repository.around(root)
  if (repository === undefined) return undefined
  const git = (...args: ReadonlyArray<string>) => GitCommand.run(repository, args, env)
  const path = SafeFile.relativeTo(repository.top, root)
  const inRoot = path === "" ? [] : ["--", path]
  const [status, commits, top] = yield* Effect.all(
    [
      git(
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=all",
        ...inRoot
      ),
      git("log", `--max-count=${maxCommits}`, "--no-show-signature", "--format=%h %s", ...inRoot),
      topText(root)
    ],
    { concurrency: "unbounded" }
  )
  const recent = (commits ?? "").split("\n").filter((commit) => commit !== "")
  return [
    ...statusText(status, path !== ""),
    ...(recent.length === 0 ? [] : ["Recent commits:", ...recent.map(line)]),
    ...top
  ].join("\n")
})
