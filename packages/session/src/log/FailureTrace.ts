import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"

/**
 * Logs what the session's log does not keep of a failure: the stack of a bug, under the message `bug`, and the cause of an
 * error that has one.
 */
export const traceFailure = (
  exit: Exit.Exit<unknown, { readonly message: string; readonly cause?: unknown }>,
  bug: string
): Effect.Effect<void> => {
  if (Exit.isSuccess(exit)) return Effect.void
  if (Cause.hasDies(exit.cause)) return Effect.logError(bug, exit.cause)
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) && error.value.cause !== undefined
    ? Effect.logError(error.value.message, exit.cause)
    : Effect.void
}
