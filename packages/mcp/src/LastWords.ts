import { plainLine } from "./PlainText.ts"

/** Of a stack, of what Node prints around an error, and of a dump of its properties. */
const isDetail = (line: string): boolean =>
  /^at |^\^+$|^[{}[\]]|^\w+: .*[,{[]$|^Node\.js v|^throw |^node:|^Require stack|^- \/|^File "|^goroutine \d|^note: run with/.test(
    line
  )

const errors: ReadonlyArray<RegExp> = [
  /^(?:uncaught |unhandled )?[\w.$]*(?:Error|Exception)(?: \[\w+\])?(?::|$)/i,
  /^npm (?:error|ERR!)/,
  /^thread '.*' .*panicked at/,
  /^\W*(?:error|fatal(?: error)?|panic|critical)\b\W*[:\]!]/i,
  /\b(?:error|fatal|panic)\b\]?[:=]\s*\S/i,
  /\b(?:level|lvl|severity)"?[=:]\s*"?(?:error|fatal|panic)\b/i,
  /\[(?:error|fatal)\]|\b(?:ERROR|FATAL)\b/
]

/** The last line of the last traceback of Python, which is the only one that says what happened. */
const ofTraceback = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const start = lines.findLastIndex((line) => line.startsWith("Traceback (most recent call last)"))
  const raised = start === -1 ? [] : lines.slice(start + 1)
  const found = raised.findLast((line) => /^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Group)?(?::|$)/.test(line))
  return found === undefined ? [] : [found]
}

/** The first line that tells of an error, and what belongs to it. */
const errorIn = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const traced = ofTraceback(lines)
  if (traced.length > 0) return traced
  // The surest sign counts, and of its lines the first: what follows is most often a consequence.
  const sign = errors.find((sign) => lines.some((line) => sign.test(line)))
  if (sign === undefined) return []
  const at = lines.findIndex((line) => sign.test(line))
  const rest = lines.slice(at + 1, at + 3)
  const end = rest.findIndex(isDetail)
  return [lines[at] ?? "", ...(end === -1 ? rest : rest.slice(0, end))]
}

const longest = 700
const few = 5

const wordsOf = (from: string, lines: ReadonlyArray<string>): string | undefined =>
  lines.length === 0 ? undefined : `${from}: ${plainLine(lines.join(" | "), longest)}`

/**
 * What of a program's output says why it did not start: of both streams the first error, or the last lines where there is
 * none. A stream without an error is left out when the other has one. Lines are plain already.
 */
export const lastWords = (stderr: ReadonlyArray<string>, stdout: ReadonlyArray<string>): string => {
  const noise = stdout.filter((line) => !(line.startsWith("{") && line.includes('"jsonrpc"')))
  const [wrong, wrongOut] = [errorIn(stderr), errorIn(noise)]
  const any = wrong.length + wrongOut.length > 0
  return [wordsOf("stderr", any ? wrong : stderr.slice(-few)), wordsOf("stdout", any ? wrongOut : noise.slice(-few))]
    .filter((words) => words !== undefined)
    .join("; ")
}
