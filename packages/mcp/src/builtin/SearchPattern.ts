import { Buffer } from "node:buffer"
import * as vm from "node:vm"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as RegExps from "effect/RegExp"
import { plainLine } from "@parley/domain/VisibleText"
import { PathRefused } from "./Confinement.ts"
import { ripgrepSyntax } from "./RipgrepSyntax.ts"

/** Where a line matches, in UTF-16 units. */
export interface Found {
  readonly at: number
  readonly length: number
}

/** What a search looks for. Its functions are called within `bounded`. */
export interface SearchPattern {
  /** The first match in a line, which has no line end. */
  readonly find: (line: string) => Found | undefined
  /** Whether a text may have a matching line: false only if none matches. */
  readonly mayMatch: (text: string) => boolean
  /** The bytes that every file with a match holds, if it is UTF-8. */
  readonly bytes: Buffer | undefined
  /** How ripgrep finds at least these lines, as arguments; `undefined` if it cannot. */
  readonly ripgrep: ReadonlyArray<string> | undefined
  /** Runs a function that uses the pattern. Fails if an expression takes too long, which a few characters suffice for. */
  readonly bounded: <A>(run: () => A) => Effect.Effect<A, PathRefused>
}

/** In characters. It is an argument of a process. */
const longest = 4096

/** How long one use of an expression may take. Nothing else runs meanwhile. */
const slowMillis = 1000

const tooSlow = new PathRefused({
  problem: "The regular expression takes too long. Use a simpler one, without nested repetitions such as (a+)+.",
  slow: true
})

const isTimeout = (cause: unknown): boolean =>
  Predicate.hasProperty(cause, "code") && cause.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"

/**
 * Runs functions with a time limit. An expression of JavaScript may take exponential time, and only a script of `node:vm` can
 * be ended while it runs in this thread.
 */
const makeBounded = (): SearchPattern["bounded"] => {
  const holder: { run: () => unknown } = { run: () => undefined }
  const context = vm.createContext(holder)
  const script = new vm.Script("run()")
  return <A>(run: () => A) =>
    Effect.suspend(() => {
      const results: Array<{ readonly value: A }> = []
      holder.run = () => void results.push({ value: run() })
      try {
        script.runInContext(context, { timeout: slowMillis })
      } catch (cause) {
        if (!isTimeout(cause)) return Effect.die(cause)
      }
      const [result] = results
      return result === undefined ? Effect.fail(tooSlow) : Effect.succeed(result.value)
    })
}

const needless = (piece: string, also = ""): string =>
  piece.replace(/\\(.)/gsu, (whole, character: string) =>
    character === also || /[ !"#%&',:;<=>@_`~]/.test(character) ? character : whole
  )

/** Removes backslashes before characters that need none, as people write them; the flag `u` refuses those. */
const withoutNeedlessEscapes = (source: string): string =>
  source.replace(/\[(?:\\.|[^\]\\])*\]|\\./gsu, (piece) =>
    piece.startsWith("[") ? needless(piece) : needless(piece, "-")
  )

const compile = (source: string, flags: string): RegExp | string => {
  try {
    return new RegExp(source, flags)
  } catch (cause) {
    return Predicate.isError(cause) ? cause.message.replace(/^Invalid regular expression: /, "") : "it is not valid"
  }
}

const refuse = (problem: string) => Effect.fail(new PathRefused({ problem }))

const direct: SearchPattern["bounded"] = (run) => Effect.sync(run)

const literal = (query: string): SearchPattern => ({
  find: (line) => {
    const at = line.indexOf(query)
    return at === -1 ? undefined : { at, length: query.length }
  },
  mayMatch: (text) => text.includes(query),
  // U+FFFD stands for bytes that are not valid, so it has no bytes of its own.
  bytes: query.includes("\uFFFD") ? undefined : Buffer.from(query),
  ripgrep: query.includes("\uFFFD") ? undefined : ["--fixed-strings", "--regexp", query],
  bounded: direct
})

const expression = (source: string, ignoreCase: boolean, isRegex: boolean) =>
  Effect.suspend(() => {
    const fold = ignoreCase ? "i" : ""
    const single = compile(source, `u${fold}`)
    if (typeof single === "string")
      return refuse(`${plainLine(source, 200)} is not a regular expression: ${plainLine(single, 300)}.`)
    const many = new RegExp(source, `um${fold}`)
    const translated = source.includes("\uFFFD") ? undefined : ripgrepSyntax(source)
    const found: SearchPattern = {
      find: (line) => {
        const match = single.exec(line)
        return match === null ? undefined : { at: match.index, length: match[0].length }
      },
      // What matches in a line alone matches in a whole text too, unless it depends on what is around it.
      mayMatch: (text) =>
        translated === undefined
          ? text.split("\n").some((line) => single.test(line.replace(/\r$/, "")))
          : many.test(text),
      bytes: undefined,
      ripgrep:
        translated === undefined ? undefined : [...(ignoreCase ? ["--ignore-case"] : []), "--regexp", translated],
      bounded: isRegex ? makeBounded() : direct
    }
    return Effect.succeed(found)
  })

export interface PatternOptions {
  readonly regex?: boolean | undefined
  readonly ignoreCase?: boolean | undefined
}

/** The pattern for a text as it is written, or for a regular expression. Fails if it cannot be used. */
export const searchPattern = (
  query: string,
  { ignoreCase = false, regex = false }: PatternOptions
): Effect.Effect<SearchPattern, PathRefused> => {
  if (query.length > longest) return refuse(`The query is longer than ${longest} characters.`)
  if (!query.isWellFormed() || query.includes("\0")) return refuse("The query must be valid Unicode, without NUL.")
  if (!regex && /[\r\n]/.test(query)) return refuse("A search finds text within one line: the query holds a line end.")
  if (!regex && !ignoreCase) return Effect.succeed(literal(query))
  return expression(regex ? withoutNeedlessEscapes(query) : RegExps.escape(query), ignoreCase, regex)
}
