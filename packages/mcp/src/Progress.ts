import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { plainLine } from "./PlainText.ts"

/** How far a call of a tool has got, as its server says. */
export interface CallProgress {
  readonly server: string
  /** The tool's qualified name. */
  readonly tool: string
  readonly progress: number
  readonly total?: number
  /** One line, fit to be shown. */
  readonly message?: string
}

/** So often a call's progress is passed on; a server may report it as often as it likes. */
const pauseMillis = 250

const decode = Schema.decodeUnknownOption(
  Schema.Struct({
    progress: Schema.Finite,
    total: Schema.optionalKey(Schema.Finite),
    message: Schema.optionalKey(Schema.String)
  })
)

/** Passes on what a server reports of one call. What comes too soon after what was passed on costs one comparison. */
export const reporting = (
  server: string,
  tool: string,
  now: () => number,
  onProgress: (progress: CallProgress) => void,
  conceal: (text: string) => string
): ((said: unknown) => void) => {
  const held = { next: 0 }
  return (said) => {
    const time = now()
    if (time < held.next) return
    held.next = time + pauseMillis
    const progress = Option.getOrUndefined(decode(said))
    if (progress === undefined) return
    const { message, ...numbers } = progress
    onProgress({
      server,
      tool,
      ...numbers,
      ...(message === undefined ? {} : { message: plainLine(conceal(plainLine(message, 2000)), 200) })
    })
  }
}
