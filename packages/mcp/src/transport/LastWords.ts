import { plainLine } from "@parley/domain/VisibleText"

/** Matches lines of a stack trace, lines that Node prints around an error, and lines of a dump of its properties. */
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

/** The last line of the last Python traceback, which is the only one that names the error. */
const ofTraceback = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const start = lines.findLastIndex((line) => line.startsWith("Traceback (most recent call last)"))
  const raised = start === -1 ? [] : lines.slice(start + 1)
  const found = raised.findLast((line) => /^[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Group)?(?::|$)/.test(line))
  return found === undefined ? [] : [found]
}

/** The first line that reports an error, and up to two lines that belong to it. */
const errorIn = (lines: ReadonlyArray<string>): ReadonlyArray<string> => {
  const traced = ofTraceback(lines)
  if (traced.length > 0) return traced
  // Use the most reliable pattern that matches, and its first line: later errors are usually consequences of the first.
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
 * The part of a program's output that explains why it did not start: the first error of each stream, or the last lines if
 * neither contains an error. A stream without an error is left out if the other has one. The lines must not contain control
 * characters.
 */
export const lastWords = (stderr: ReadonlyArray<string>, stdout: ReadonlyArray<string>): string => {
  const noise = stdout.filter((line) => !(line.startsWith("{") && line.includes('"jsonrpc"')))
  const [wrong, wrongOut] = [errorIn(stderr), errorIn(noise)]
  const any = wrong.length + wrongOut.length > 0
  return [wordsOf("stderr", any ? wrong : stderr.slice(-few)), wordsOf("stdout", any ? wrongOut : noise.slice(-few))]
    .filter((words) => words !== undefined)
    .join("; ")
}
