import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import * as Disk from "./Disk.ts"
import { excluder, itselfOrAbove, refusal } from "./Exclude.ts"
import * as Host from "./Host.ts"
import * as Ignore from "./Ignore.ts"
import { IgnoreFiles } from "./IgnoreFiles.ts"
import { isInstructions } from "./Instructions.ts"
import { quote } from "./Json.ts"
import { type Looked, switchedOff } from "./Looked.ts"
import * as Paths from "./Paths.ts"
import { plain } from "./Plain.ts"
import * as Pattern from "./Pattern.ts"
import type { Unreadable } from "./Unreadable.ts"

const settingsFile = ".parley/context.json"

type Load = (path: string) => Effect.Effect<string, Unreadable>

/** The rule by which patterns do not find a path, which may be about a directory that it is in. */
const ignoredBy = Effect.fnUntraced(function* (path: string, load: Load) {
  const files = new IgnoreFiles(load)
  const segments = path.split("/")
  const above = yield* files.above(segments.slice(0, -1))
  if (above.by !== undefined) return above.by
  const scope = yield* files.within(segments.slice(0, -1).join("/"), above.scope)
  return Ignore.ignoredBy(scope, path, segments.at(-1) ?? "", false)
})

/** Which of the directories of a path a pattern does not go into. */
const notEntered = (pattern: string, path: string): string | undefined => {
  const enters = Pattern.enters(pattern)
  return path
    .split("/")
    .slice(Pattern.literalPart(pattern).length, -1)
    .find((name) => !enters(name))
}

const unasked = (path: string, looked: Looked): string => {
  const same = looked.repeated.get(path)
  if (same !== undefined) return `it ${same}`
  if (!isInstructions(path))
    return `nothing in ${settingsFile} includes it; a message that mentions it as @${path} gets it`
  return looked.settings.instructions === false
    ? `${settingsFile} switches instructions off`
    : "instructions are shown when a file of their directory, or below it, is included"
}

/** Why a path that patterns might have found, or that is not asked for, is not shown. */
const reason = Effect.fnUntraced(function* (path: string, looked: Looked, load: Load) {
  const { root, settings } = looked
  const refused = Paths.refusal(path, Host.platform)
  if (refused !== undefined) return refused
  const there = yield* Effect.result(Disk.identify(Disk.join(root, path), root))
  if (there._tag === "Failure") {
    const { code, problem } = there.failure
    return code === "ENOENT" || code === "ENOTDIR" ? "there is no such file" : `it ${problem}`
  }
  const patterns = settings.include
    .filter((entry) => Pattern.isPattern(entry) && refusal(entry) === undefined)
    .map(Paths.normalise)
    .filter((pattern) => Glob.match(Glob.make(pattern), path))
  const [pattern] = patterns
  if (pattern === undefined) return unasked(path, looked)
  const rule = yield* ignoredBy(path, load)
  if (rule !== undefined) return `${rule.file} ignores it, by ${quote(rule.line)}`
  const closed = patterns.map((pattern) => notEntered(pattern, path)).find((name) => name !== undefined)
  return closed === undefined
    ? `it matches ${plain(pattern)}, but the search ended before it`
    : `it matches ${plain(pattern)}, but patterns do not go into ${closed}/`
})

const leftOut = (entry: string, inactive: ReadonlyArray<string>): string =>
  inactive.includes(entry) ? `it is ${switchedOff}` : `${quote(entry)} in \`exclude\` of ${settingsFile} leaves it out`

/** One sentence for a person. A path may also be written with the workspace's own before it. */
export const whyNot = Effect.fnUntraced(function* (given: string, looked: Looked, load: Load) {
  const { files, root, settings, skipped } = looked
  const relative = given !== root && Disk.isInside(root, given) ? given.slice(root.length + 1) : given
  const path = Paths.refusal(relative, Host.platform) === undefined ? Paths.normalise(relative) : relative
  const shown = files.find((file) => file.path === given || file.path === path)
  if (shown !== undefined) return `${shown.path} is in the context: ${shown.why ?? "it is included"}.`
  const excluding = itselfOrAbove(excluder(settings.exclude))(path)
  const said = skipped.find((skipped) => skipped.path === root || Paths.normalise(skipped.path) === path)?.reason
  const because =
    excluding === undefined ? (said ?? (yield* reason(path, looked, load))) : leftOut(excluding, settings.inactive)
  return `${path === "" ? "That" : path} is not in the context: ${because}.`
})
