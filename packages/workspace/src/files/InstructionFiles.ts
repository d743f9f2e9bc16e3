import * as Effect from "effect/Effect"
import * as Glob from "effect/Glob"
import * as SafeFile from "../disk/SafeFile.ts"
import { isMissing } from "../disk/Unreadable.ts"
import * as Pattern from "./Pattern.ts"

/** In one directory they are shown in this order, each only if its text differs. An override replaces AGENTS.md. */
const names = ["AGENTS.override.md", "AGENTS.md", "CLAUDE.md", "CLAUDE.local.md"]
const [override = "", replaced = ""] = names
const rules = ".claude/rules"
/** Rules are few and short. More files or deeper directories are not searched. */
const maxRules = 256
const maxDepth = 4

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const isRule = (path: string): boolean => path.startsWith(`${rules}/`) && path.endsWith(".md")

/** Whether a path in a workspace is one of instructions, apart from the names that a project adds. */
export const isInstructions = (path: string): boolean => names.includes(nameOf(path)) || isRule(path)

/** Whether a file may import others with `@path`. */
export const mayImport = (path: string): boolean => nameOf(path).startsWith("CLAUDE.") || isRule(path)

/** Whether something exists at a path. A dangling link counts as existing, so that it is reported. */
export const isThere = (path: string): Effect.Effect<boolean> =>
  Effect.match(SafeFile.kind(path), { onSuccess: () => true, onFailure: (error) => !isMissing(error) })

/**
 * The workspace itself, then the directories of the paths and their parents. A path that ends with `/` is a directory.
 * Directories of dependencies are left out, so that a dependency cannot give instructions.
 */
export const directoriesOf = (paths: ReadonlyArray<string>, depth: number): ReadonlyArray<string> => {
  const found = new Map([["", 0]])
  for (const path of paths) {
    const segments = path
      .split("/")
      .slice(0, -1)
      .filter((segment) => segment !== "")
    const foreign = segments.findIndex(Pattern.isForeign)
    const levels = Math.min(foreign < 0 ? segments.length : foreign, depth)
    for (let i = 1; i <= levels; i++) found.set(segments.slice(0, i).join("/"), i)
  }
  return [...found].sort(([a, i], [b, j]) => i - j || (a < b ? -1 : a > b ? 1 : 0)).map(([directory]) => directory)
}

/** The paths of instructions in a directory, and the one that an override replaces. */
export interface InDirectory {
  readonly paths: ReadonlyArray<string>
  readonly replaced: string | undefined
}

/** Finds the instructions in a directory. Of the names in `others`, the first counts if there are no usual ones. */
export const inDirectory = Effect.fnUntraced(function* (
  root: string,
  directory: string,
  others: ReadonlyArray<string>,
  excluded: (path: string) => boolean
): Effect.fn.Return<InDirectory> {
  const pathOf = (name: string) => (directory === "" ? name : `${directory}/${name}`)
  const exists = (name: string) =>
    excluded(pathOf(name)) ? Effect.succeed(false) : isThere(SafeFile.join(root, pathOf(name)))
  const usual = yield* Effect.filter(names, exists)
  const isReplaced = usual.includes(override) && usual.includes(replaced)
  const first = usual.length > 0 ? [] : (yield* Effect.filter(others, exists)).slice(0, 1)
  return {
    paths: [...usual.filter((name) => !(isReplaced && name === replaced)), ...first].map(pathOf),
    replaced: isReplaced ? pathOf(replaced) : undefined
  }
})

/** The files `.claude/rules/**` of a workspace that end with `.md`, sorted. */
export const ruleFiles = Effect.fnUntraced(function* (root: string) {
  const found: Array<string> = []
  let level: ReadonlyArray<string> = [rules]
  for (let depth = 0; depth < maxDepth && level.length > 0; depth++) {
    const next: Array<string> = []
    for (const directory of level) {
      const listed = yield* SafeFile.list(SafeFile.join(root, directory), root, maxRules).pipe(
        Effect.orElseSucceed(() => [])
      )
      for (const entry of listed) {
        const path = `${directory}/${entry.name}`
        if (entry.isDirectory()) next.push(path)
        else if (isRule(path) && found.length < maxRules) found.push(path)
      }
    }
    level = next
  }
  return found.sort()
})

/**
 * The patterns in `paths:` at the head of a rule; undefined if there are none, so that the rule holds everywhere. The head is
 * not parsed as YAML: patterns that begin with `*` are often written without quotes, and YAML takes them for references.
 */
const patternsOf = (text: string): ReadonlyArray<string> | undefined => {
  const head = /^---\r?\n([^]*?)\r?\n---(?:\r?\n|$)/.exec(text.slice(0, 16 * 1024))?.[1]
  const [, inline = "", block = ""] = /(?:^|\n)paths:[ \t]*([^\n]*)((?:\n[ \t]*-[^\n]*)*)/.exec(head ?? "") ?? []
  const written = [...inline.replace(/^\[|\]\s*$/g, "").split(/,(?![^{]*\})/), ...block.split("\n")]
  const patterns = written
    .map((one) =>
      one
        .replace(/^[ \t]*-?[ \t]*/, "")
        .trim()
        .replace(/^(["'])(.*)\1$/, "$2")
    )
    .filter((one) => one !== "")
  return patterns.length === 0 ? undefined : patterns
}

/** Whether a rule holds for one of the paths. A rule without `paths` holds everywhere. */
export const holdsFor = (rule: string, paths: ReadonlyArray<string>): boolean => {
  const patterns = patternsOf(rule)
  if (patterns === undefined) return true
  const usable = patterns.slice(0, 64).filter((pattern) => Pattern.patternRefusal(pattern) === undefined)
  return usable.some((pattern) => {
    const glob = Glob.make(pattern, { dot: true })
    return paths.some((path) => Glob.match(glob, path))
  })
}
