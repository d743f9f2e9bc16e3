import type { HandleMessageError } from "@parley/domain/Errors"
import type { SessionId } from "@parley/domain/Ids"
import type { Round } from "@parley/domain/Session"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Engine } from "./ProgramEngine.ts"
import type { ProgramConfig } from "./Programs.ts"
import type * as World from "./ProgramWorld.ts"
import type { Disturbance, Sent } from "./ReferenceModel.ts"

/** A message that is being sent. */
export interface Sending extends Sent {
  readonly sessionId: SessionId
  readonly process: World.Process
  readonly disturbed: Set<Disturbance>
  readonly configs: Array<ProgramConfig>
  answer: string | undefined
  fiber?: Fiber.Fiber<Round, HandleMessageError>
}

export interface Running {
  readonly process: World.Process
  readonly scope: Scope.Scope
  readonly engine: Engine
}

export interface Job {
  readonly name: string
  readonly process: World.Process
  readonly fiber: Fiber.Fiber<unknown, unknown>
}

/** Jobs that hold the lease of a session for some time. */
export const usesSessions = /^(recover|answer|resume)/

export const answerOf = (exit: Exit.Exit<Round, HandleMessageError>): string => {
  if (Exit.isSuccess(exit)) return exit.value.status
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) ? error.value._tag : Cause.hasDies(exit.cause) ? "Defect" : "interrupted"
}
