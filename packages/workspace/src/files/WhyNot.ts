import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import * as SafeFile from "../disk/SafeFile.ts"
import { excluder, itselfOrAbove, refusal } from "./Exclude.ts"
import * as HostPath from "../disk/HostPath.ts"
import * as Ignore from "@parley/os/Ignore"
import { isInstructions } from "./InstructionFiles.ts"
import { quote } from "../json/Json.ts"
import { type ContextSnapshot, switchedOff } from "./ContextSnapshot.ts"
import * as WorkspacePaths from "./WorkspacePaths.ts"
import { plain } from "../json/Plain.ts"
import * as Pattern from "./Pattern.ts"
import type { IgnoreRules } from "./Walk.ts"

const settingsFile = ".parley/context.json"

/** The rule of an ignore file that ignores a path or one of its parent directories, if any. */
const ignoredBy = Effect.fnUntraced(function* (path: string, files: IgnoreRules) {
  const segments = path.split("/")
  const above = yield* files.above(segments.slice(0, -1))
  if (above.by !== undefined) return above.by
  const scope = yield* files.within(segments.slice(0, -1).join("/"), above.scope)
  return Ignore.ignoredBy(scope, path, segments.at(-1) ?? "", false)
})

/** The first directory of a path that the search for a pattern does not enter, if any. */
const notEntered = (pattern: string, path: string): string | undefined => {
  const enters = Pattern.enters(pattern)
  return path
    .split("/")
    .slice(Pattern.literalPart(pattern).length, -1)
    .find((name) => !enters(name))
}

const unasked = (path: string, looked: ContextSnapshot): string => {
  const same = looked.repeated.get(path)
  if (same !== undefined) return `it ${same}`
  if (!isInstructions(path))
    return `nothing in ${settingsFile} includes it; mention it as @${path} in a message to attach it`
  return looked.settings.instructions === false
    ? `${settingsFile} switches instructions off`
    : "instructions are shown if a file in their directory or below it is included"
}

/** Why a path is not shown that is neither included by name, nor excluded, nor reported as skipped. */
const reason = Effect.fnUntraced(function* (path: string, looked: ContextSnapshot, ignoreRules: IgnoreRules) {
  const { root, settings } = looked
  const refused = WorkspacePaths.refusal(path, HostPath.platform)
  if (refused !== undefined) return refused
  const there = yield* Effect.result(SafeFile.identify(SafeFile.join(root, path), root))
  if (there._tag === "Failure") {
    const { code, problem } = there.failure
    return code === "ENOENT" || code === "ENOTDIR" ? "there is no such file" : `it ${problem}`
  }
  const patterns = settings.include
    .filter((entry) => Pattern.isPattern(entry) && refusal(entry) === undefined)
    .map(WorkspacePaths.normalise)
    .filter((pattern) => Glob.match(Glob.make(pattern), path))
  const [pattern] = patterns
  if (pattern === undefined) return unasked(path, looked)
  const rule = yield* ignoredBy(path, ignoreRules)
  if (rule?.unknown !== undefined)
    return `${rule.file} ${rule.unknown}; it may hide secrets, so patterns find nothing in its directory and below`
  if (rule !== undefined) return `${rule.file} ignores it, by ${quote(rule.line)}`
  const closed = patterns.map((pattern) => notEntered(pattern, path)).find((name) => name !== undefined)
  return closed === undefined
    ? `it matches ${plain(pattern)}, but the search reached a limit before it`
    : `it matches ${plain(pattern)}, but patterns do not search ${closed}/`
})

const leftOut = (entry: string, inactive: ReadonlyArray<string>): string =>
  inactive.includes(entry) ? `it is ${switchedOff}` : `${quote(entry)} in \`exclude\` of ${settingsFile} excludes it`

/** The path in the workspace that a user means: relative to where the command was started if there is such a file. */
export const meantBy = Effect.fnUntraced(function* (given: string, start: string, { files, root }: ContextSnapshot) {
  if (start === "" || files.some(({ path }) => path === given)) return given
  for (const path of WorkspacePaths.located(given, { root, start }, HostPath.platform))
    if (path !== "" && (yield* Effect.isSuccess(SafeFile.kind(SafeFile.join(root, path))))) return path
  return given
})

/** One sentence for the user. The path is relative to the workspace, or absolute with the workspace's path in front. */
export const whyNot = Effect.fnUntraced(function* (given: string, looked: ContextSnapshot, ignoreRules: IgnoreRules) {
  const { files, root, settings, skipped } = looked
  const relative = given !== root && SafeFile.isInside(root, given) ? given.slice(root.length + 1) : given
  const path =
    WorkspacePaths.refusal(relative, HostPath.platform) === undefined ? WorkspacePaths.normalise(relative) : relative
  const shown = files.find((file) => file.path === given || file.path === path)
  if (shown !== undefined) return `${shown.path} is in the context: ${shown.why ?? "it is included"}.`
  const excluding = itselfOrAbove(excluder(settings.exclude))(path)
  const file = skipped.find(
    (skipped) => skipped.path === root || WorkspacePaths.normalise(skipped.path) === path
  )?.reason
  const because =
    excluding === undefined
      ? (file ?? (yield* reason(path, looked, ignoreRules)))
      : leftOut(excluding, settings.inactive)
  return `${path === "" ? "That" : path} is not in the context: ${because}.`
})
