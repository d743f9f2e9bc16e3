import * as fs from "node:fs"
import { redactionOf } from "@parley/domain/Redaction"
import { parse, type Recorded, RecordingError } from "@parley/session/RecordingFormat"
import * as Effect from "effect/Effect"
import { hasProperty, isString } from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Secrets } from "./WireTape.ts"

/**
 * Stands for every key in a recording. A replay uses it as the key of its providers.
 *
 * @since 0.1.0
 * @category constants
 */
export const keyMark = "key-not-recorded"

const reasonOf = (cause: unknown): string =>
  hasProperty(cause, "message") && isString(cause.message) ? cause.message : "no reason given"

const unreadable = (name: string) => (cause: unknown) => {
  const code = hasProperty(cause, "code") ? cause.code : undefined
  const problem =
    code === "EEXIST"
      ? "the file exists already; name one that does not"
      : code === "ENOENT"
        ? "there is no such file or directory"
        : reasonOf(cause)
  return new RecordingError({ name, reason: { _tag: "Unreadable", problem } })
}

/**
 * A file that is being written.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordingFile {
  /** Writes a line, with its end. Does not throw. */
  readonly write: (line: string) => void
  /** What is never written. */
  readonly secrets: Secrets
}

/**
 * Writes lines with `put`, without secrets. After a line that cannot be written, `broken` is called and nothing is written.
 *
 * @since 0.1.0
 * @category functions
 */
export const writing = (put: (text: string) => void, broken: (problem: string) => void): RecordingFile => {
  const known = new Set<string>()
  let redact = redactionOf([], { mark: keyMark })
  let isBroken = false
  const write = (line: string): void => {
    if (isBroken) return
    try {
      put(redact(line))
    } catch (cause) {
      isBroken = true
      broken(reasonOf(cause))
    }
  }
  return {
    write,
    secrets: {
      add: (secrets) => {
        const before = known.size
        for (const secret of secrets) known.add(secret)
        if (known.size > before) redact = redactionOf([...known], { mark: keyMark })
      },
      redact: (text) => redact(text)
    }
  }
}

/**
 * Creates a file for a recording, which only its owner can read. Each line is handed to the system at once, so that it
 * survives the death of this process. If a line cannot be written, the recording ends there and a warning is logged: the
 * session goes on.
 *
 * @since 0.1.0
 * @category functions
 */
export const create = (name: string): Effect.Effect<RecordingFile, RecordingError, Scope.Scope> =>
  Effect.gen(function* () {
    const file = yield* Effect.acquireRelease(
      Effect.try({ try: () => fs.openSync(name, "wx", 0o600), catch: unreadable(name) }),
      (file) => Effect.sync(() => fs.closeSync(file))
    )
    const runFork = Effect.runForkWith(yield* Effect.context())
    const broken = (problem: string) =>
      void runFork(Effect.logWarning(`The recording ${name} ends here, because it could not be written: ${problem}`))
    return writing((text) => fs.writeSync(file, text), broken)
  })

/**
 * Reads a recording.
 *
 * @since 0.1.0
 * @category functions
 */
export const read = (name: string): Effect.Effect<Recorded, RecordingError> =>
  Effect.try({ try: () => fs.readFileSync(name, "utf8"), catch: unreadable(name) }).pipe(
    Effect.flatMap((text) => Effect.fromResult(parse(name, text)))
  )
