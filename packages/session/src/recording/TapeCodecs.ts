import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Codec, defectOf, unfinished } from "./Tape.ts"

/** What a manager returned is recorded unchanged, whether or not it keeps every rule of its schema. */
const unchecked = { disableChecks: true }

/** A codec for operations with these results and typed errors. A defect keeps its message. */
export const of = <A, E>(success: Schema.Codec<A, unknown>, failure: Schema.Codec<E, unknown>): Codec<A, E> => {
  const [ok, failed] = [Schema.toCodecJson(success), Schema.toCodecJson(failure)]
  const encodeOk = Schema.encodeSync(ok, unchecked)
  const encodeFailed = Schema.encodeSync(failed, unchecked)
  const decodeOk = Schema.decodeUnknownSync(ok, unchecked)
  const decodeFailed = Schema.decodeUnknownSync(failed, unchecked)
  return {
    encode: (exit) => {
      if (Exit.isSuccess(exit)) return { ok: encodeOk(exit.value) }
      const error = Cause.findErrorOption(exit.cause)
      if (Option.isSome(error)) return { failed: encodeFailed(error.value) }
      return Cause.hasDies(exit.cause) ? { died: defectOf(exit.cause) } : { interrupted: true }
    },
    decode: (outcome) => {
      if ("ok" in outcome) return Exit.succeed(decodeOk(outcome.ok))
      return "failed" in outcome ? Exit.fail(decodeFailed(outcome.failed)) : unfinished(outcome)
    }
  }
}

/** A codec for operations that cannot fail with a typed error. */
export const safe = <A>(success: Schema.Codec<A, unknown>): Codec<A, never> => of(success, Schema.Never)
