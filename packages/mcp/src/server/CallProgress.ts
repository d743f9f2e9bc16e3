import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { plainLine } from "@parley/domain/VisibleText"

/**
 * The progress of a tool call, as its server reports it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CallProgress {
  readonly server: string
  /** The tool's qualified name. */
  readonly tool: string
  readonly progress: number
  readonly total?: number
  /** One line without control characters. */
  readonly message?: string
}

/** Minimum milliseconds between two reports of one call that are passed on. */
const pauseMillis = 250

const decode = Schema.decodeUnknownOption(
  Schema.Struct({
    progress: Schema.Finite,
    total: Schema.optionalKey(Schema.Finite),
    message: Schema.optionalKey(Schema.String)
  })
)

/**
 * Passes on a server's progress reports of one call, at most one each `pauseMillis`. A dropped report costs one comparison.
 *
 * @since 0.1.0
 * @category functions
 */
export const reporting = (
  server: string,
  tool: string,
  now: () => number,
  onProgress: (progress: CallProgress) => void,
  redact: (text: string) => string
): ((params: unknown) => void) => {
  const waiting = { next: 0 }
  return (params) => {
    const time = now()
    if (time < waiting.next) return
    waiting.next = time + pauseMillis
    const progress = Option.getOrUndefined(decode(params))
    if (progress === undefined) return
    const { message, ...numbers } = progress
    onProgress({
      server,
      tool,
      ...numbers,
      ...(message === undefined ? {} : { message: plainLine(redact(plainLine(message, 2000)), 200) })
    })
  }
}
