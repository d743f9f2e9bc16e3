import type { Setup } from "@parley/app/Setup"
import { UsageError } from "@parley/app/UsageError"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ProcessInfo from "../process/ProcessInfo.ts"

const recorder = Effect.promise(() => import("@parley/app/EngineRecording"))

/** Makes a problem with a recording an error of the command line. */
export const asUsage = ({ message }: { readonly message: string }) => new UsageError({ problem: message })

/** The coordinator of a command, which records if `--record` names a file. */
export const coordinator = (
  setup: Setup,
  record: Option.Option<string>
): Layer.Layer<SessionCoordinator, UsageError, Layer.Services<typeof SessionCoordinator.layer>> =>
  Option.match(record, {
    onNone: () => SessionCoordinator.layer,
    onSome: (file) =>
      Layer.unwrap(Effect.map(recorder, ({ layer }) => layer(setup, ProcessInfo.absolute(file)))).pipe(
        Layer.catchTag("RecordingError", (error) => Layer.effect(SessionCoordinator, error.pipe(asUsage, Effect.fail)))
      )
  })
