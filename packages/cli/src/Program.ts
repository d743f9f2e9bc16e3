import * as NodeServices from "@effect/platform-node/NodeServices"
import type { HandleMessageError } from "@parley/domain/Errors"
import * as Http from "@parley/http/Http"
import * as Proxies from "@parley/http/Proxies"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { messageOf } from "./Advice.ts"
import { parley } from "./Cli.ts"
import { type CallsDenied, exitCode, ofError, type ServerTrouble, type UsageError } from "./ExitCode.ts"
import * as Host from "./internal/Host.ts"
import * as Process from "./internal/Process.ts"
import * as Signals from "./internal/Signals.ts"
import * as Streams from "./internal/Streams.ts"
import { loggerLayer, Output } from "./Output.ts"
import { sanitize } from "./Sanitize.ts"
import { version } from "./Version.ts"

/** Help that was asked for goes to standard output; what is wrong with a command line goes to standard error. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
          for (const error of event.errors) Streams.err(`parley: ${sanitize(error.message)}\n`)
          Streams.err(`Run \`${event.commandPath.join(" ")} --help\` for what it takes\n`)
        })
      : CliOutput.defaultPresenter.present(event)
}

type Failure = HandleMessageError | UsageError | ServerTrouble | CallsDenied | CliError.CliError

const report = (error: Failure): number => {
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : exitCode.usage
  Streams.err(`parley: ${error.pipe(messageOf, sanitize)}\n`)
  return ofError(error)
}

/** The exit code; what went wrong is told on standard error. */
export const codeOf = (exit: Exit.Exit<void, Failure>): number => {
  if (Exit.isSuccess(exit)) return exitCode.done
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return report(error.value)
  if (Cause.hasInterruptsOnly(exit.cause)) return exitCode.interrupted
  const [defect] = Cause.prettyErrors(exit.cause)
  Streams.err(`parley: internal error, please report it: ${sanitize(defect?.message ?? "unknown")}\n`)
  if (Process.debug) Streams.err(`${exit.cause.pipe(Cause.pretty, sanitize)}\n`)
  return exitCode.roundFailed
}

/** Everything that goes over HTTP goes through it. Nothing but the environment of the user names a proxy. */
const http = Layer.sync(Http.Client, () => Http.make({ proxies: Proxies.fromEnvironment(Host.env) }))

const layer = Layer.mergeAll(http, NodeServices.layer, CliOutput.layerPresenter(presenter), loggerLayer, Output.layer)

/** One command line, without the process around it. */
export const command = (args: ReadonlyArray<string>): Effect.Effect<void, Failure> =>
  Effect.provide(Command.runWith(parley, { version })(args), layer)

/** Runs one command line and says how it went as an exit code. */
export const main = (args: ReadonlyArray<string>): void => {
  const fiber = Effect.runFork(command(args))
  const interrupted = Signals.onStop(() => fiber.interruptUnsafe())
  Streams.whenOutputCloses(() => fiber.interruptUnsafe())
  const codeAfter = (exit: Exit.Exit<void, Failure>) => {
    const unshown = Streams.isBroken() || (Streams.isClosed() && Exit.hasInterrupts(exit))
    const code = unshown ? exitCode.roundFailed : codeOf(exit)
    return interrupted() ?? code
  }
  fiber.addObserver((exit) => void Effect.runFork(Process.leave(() => codeAfter(exit))))
}
