import { McpManager } from "@parley/domain/McpManager"
import { ServerName } from "@parley/domain/McpServerConfig"
import * as Locations from "@parley/workspace/Locations"
import * as OwnFiles from "@parley/workspace/OwnFiles"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Mailbox from "./Mailbox.ts"
import { Notices } from "../ports/Notices.ts"
import { ownerOf, type Setup } from "../configuration/Setup.ts"

/** A server of the user, or of the project with this root: a session elsewhere may have another server with that name. */
const Question = Schema.fromJsonString(Schema.Struct({ restart: ServerName, root: Schema.optionalKey(Schema.String) }))
const Answer = Schema.fromJsonString(Schema.Struct({ state: Schema.Literals(["ready", "failed", "unknown"]) }))
const decodeQuestion = Schema.decodeUnknownOption(Question)
const decodeAnswer = Schema.decodeUnknownOption(Answer)
const encodeQuestion = Schema.encodeEffect(Question)
const encodeAnswer = Schema.encodeSync(Answer)

const rootOf = (setup: Setup, name: string): string | undefined => {
  const owner = ownerOf(setup, name)
  return owner === "user" ? undefined : owner.root
}

/**
 * Restarts a server of this process. Undefined if it has no server with this name.
 *
 * @since 0.1.0
 * @category functions
 */
export const restart = (name: string) =>
  McpManager.use((mcp) => (mcp.restart === undefined ? Effect.undefined : mcp.restart(name)))

/** The directory of the requests. Fails unless only this user can change it. */
const requestsOf = ({ user }: Setup) => {
  const directory = Locations.requests(user)
  return Effect.as(OwnFiles.below(user.stateDirectory, directory), directory)
}

/**
 * Restarts servers of this process on request of the user's other processes, until the scope closes.
 *
 * @since 0.1.0
 * @category functions
 */
export const listen = Effect.fnUntraced(function* (setup: Setup) {
  const mcp = yield* McpManager
  const { notify } = yield* Notices
  // Another user could forge requests in a directory that this user does not control, so do not listen there.
  if (Result.isFailure(yield* Effect.result(requestsOf(setup)))) return
  yield* Mailbox.receive(Locations.requests(setup.user), (question) =>
    Effect.gen(function* () {
      const asked = Option.getOrUndefined(decodeQuestion(question))
      if (asked === undefined || rootOf(setup, asked.restart) !== asked.root) return encodeAnswer({ state: "unknown" })
      const status = yield* Effect.provideService(restart(asked.restart), McpManager, mcp)
      if (status === undefined) return encodeAnswer({ state: "unknown" })
      yield* notify({ _tag: "ServerRestarted", status })
      return encodeAnswer({ state: status.state === "ready" ? "ready" : "failed" })
    })
  )
})

/**
 * Asks all other running processes to restart a server, and counts their answers by state.
 *
 * @since 0.1.0
 * @category functions
 */
export const elsewhere = Effect.fnUntraced(function* (setup: Setup, name: string) {
  const root = rootOf(setup, name)
  const question = yield* Effect.orDie(encodeQuestion({ restart: name, ...(root === undefined ? {} : { root }) }))
  const answers = yield* Mailbox.ask(yield* requestsOf(setup), question)
  const states = answers.map((answer) => Option.getOrUndefined(decodeAnswer(answer))?.state ?? "silent")
  const count = (state: (typeof states)[number]) => states.filter((one) => one === state).length
  return { all: states.length, ready: count("ready"), failed: count("failed"), silent: count("silent") }
})
