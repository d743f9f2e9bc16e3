import { HostProcess } from "@parley/app/HostProcess"
import { Notices, Progress } from "@parley/app/Notices"
import { Questions } from "@parley/app/Questions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Approvals from "./Approvals.ts"
import * as Elicitations from "./Elicitations.ts"
import * as Signals from "../terminal/Signals.ts"
import * as NoticeText from "../output/NoticeText.ts"
import { Output } from "../output/Output.ts"
import * as Person from "./Person.ts"
import * as Samplings from "./Samplings.ts"
import * as ToolProgress from "./ToolProgress.ts"
import { version } from "../process/Version.ts"

const notices = Layer.effect(
  Notices,
  Effect.map(Output, ({ note }) => ({
    notify: (notice) => Effect.forEach(NoticeText.lines(notice), (line) => note(`parley: ${line}`), { discard: true })
  }))
)

const host = Layer.succeed(HostProcess, { clientInfo: { name: "parley", version }, ending: Signals.ending })

/** Lets the engine ask this person questions and show them the progress of tools. */
export const withPerson = (person: Person.Person): Layer.Layer<never, never, Output> =>
  Layer.merge(
    Layer.effect(
      Questions,
      Effect.map(Output, (output) => {
        const ask = <A>(question: (dialogue: Person.Dialogue) => Effect.Effect<A>, otherwise: A) =>
          Effect.map(Effect.provideService(person.ask(question), Output, output), (answer) => answer ?? otherwise)
        const nobody = { allowed: false, reason: "there is no person to ask" } as const
        return {
          available: person.available,
          approve: (approval) => ask(Approvals.ask(approval), nobody),
          elicit: (request) => ask((dialogue) => Elicitations.ask(request, dialogue), { _tag: "Decline" }),
          allowSampling: (request) => ask(Samplings.ask(request), nobody)
        }
      })
    ),
    Layer.effect(Progress, ToolProgress.make(person))
  )

/** The engine's ports as this command implements them: notices on standard error, and the person at the terminal, if any. */
export const layer: Layer.Layer<never, never, Output> = Layer.mergeAll(notices, host, withPerson(Person.make()))

/** Leaves questions about tool calls open, to be answered elsewhere. */
export const leavingOpen: Layer.Layer<never> = Layer.effect(
  Questions,
  Effect.map(Questions, ({ allowSampling, approve, available, elicit }) => ({
    allowSampling,
    approve,
    available,
    elicit,
    leavesOpen: true
  }))
)
