import * as NodeServices from "@effect/platform-node/NodeServices"
import type { SessionAmbiguous } from "@parley/domain/SessionPrefix"
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
import { messageOf } from "../errors/Advice.ts"
import { parley } from "./Cli.ts"
import type { AnswerError } from "@parley/session/SessionCoordinator"
import * as Telemetry from "@parley/app/Telemetry"
import type { ImportError } from "@parley/app/ImportError"
import type { ServerTrouble } from "@parley/app/ServerTrouble"
import type { UsageError } from "@parley/app/UsageError"
import { type AnswersAwaited, type CallsDenied, exitCode, ofError, type ReplayDiffers } from "../errors/ExitCode.ts"
import * as ProcessInfo from "../process/ProcessInfo.ts"
import * as Signals from "../terminal/Signals.ts"
import * as Streams from "../terminal/Streams.ts"
import { loggerLayer, Output } from "../output/Output.ts"
import * as Ports from "../consent/Ports.ts"
import { sanitize } from "../output/Sanitize.ts"
import { version } from "../process/Version.ts"

/** Requested help goes to standard output; errors of a command line go to standard error. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
          for (const error of event.errors) Streams.err(`parley: ${sanitize(error.message)}\n`)
          Streams.err(`Run \`${event.commandPath.join(" ")} --help\` for usage\n`)
        })
      : CliOutput.defaultPresenter.present(event)
}

type Failure =
  | SessionAmbiguous
  | ImportError
  | AnswerError
  | UsageError
  | ServerTrouble
  | CallsDenied
  | AnswersAwaited
  | ReplayDiffers
  | CliError.CliError

const report = (error: Failure): number => {
  if (CliError.isCliError(error)) return error._tag === "ShowHelp" && error.errors.length === 0 ? 0 : exitCode.usage
  Streams.err(`parley: ${error.pipe(messageOf, sanitize)}\n`)
  return ofError(error)
}

/** A part of the program that is read on first use was not there. */
const isFileGone = (defect: unknown): boolean =>
  defect instanceof Error && "code" in defect && defect.code === "ERR_MODULE_NOT_FOUND"

/** Returns the exit code and reports the failure, if any, on standard error. */
export const codeOf = (exit: Exit.Exit<void, Failure>): number => {
  if (Exit.isSuccess(exit)) return exitCode.done
  const error = Cause.findErrorOption(exit.cause)
  if (Option.isSome(error)) return report(error.value)
  if (Cause.hasInterruptsOnly(exit.cause)) return exitCode.interrupted
  const [defect] = Cause.prettyErrors(exit.cause)
  if (exit.cause.reasons.some((reason) => Cause.isDieReason(reason) && isFileGone(reason.defect))) {
    Streams.err("parley: its files were replaced or removed while it ran, as an update does; start it again\n")
    return exitCode.roundFailed
  }
  Streams.err(`parley: internal error, please report it: ${sanitize(defect?.message ?? "unknown")}\n`)
  if (ProcessInfo.debug) Streams.err(`${exit.cause.pipe(Cause.pretty, sanitize)}\n`)
  return exitCode.roundFailed
}

/** The client for all HTTP traffic. Only the user's environment can name a proxy. */
const http = Layer.sync(Http.Client, () => Http.make({ proxies: Proxies.fromEnvironment(ProcessInfo.env) }))

const layer = Layer.provideMerge(
  Ports.layer,
  Layer.mergeAll(http, NodeServices.layer, CliOutput.layerPresenter(presenter), loggerLayer, Output.layer)
)

/** The command, with the telemetry that the user's environment asks for. */
const observed = Command.provide(parley, Telemetry.layer(ProcessInfo.env))

/** Runs one command line without touching the process: no signal handlers, no exit code. */
export const command = (args: ReadonlyArray<string>): Effect.Effect<void, Failure> =>
  Effect.provide(Command.runWith(observed, { version })(args), layer)

/** Runs one command line and ends the process with its exit code. */
export const main = (args: ReadonlyArray<string>): void => {
  const fiber = Effect.runFork(command(args))
  const interrupted = Signals.onStop(() => fiber.interruptUnsafe())
  Streams.whenOutputCloses(() => fiber.interruptUnsafe())
  const codeAfter = (exit: Exit.Exit<void, Failure>) => {
    const unshown = Streams.isBroken() || (Streams.isClosed() && Exit.hasInterrupts(exit))
    const code = unshown ? exitCode.roundFailed : codeOf(exit)
    return interrupted() ?? code
  }
  fiber.addObserver((exit) => void Effect.runFork(Streams.exitAfterFlush(() => codeAfter(exit))))
}
