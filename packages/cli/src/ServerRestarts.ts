import { McpManager, type ServerStatus } from "@parley/domain/McpManager"
import { ServerName } from "@parley/domain/McpServerConfig"
import * as Locations from "@parley/workspace/Locations"
import * as UserServers from "@parley/workspace/UserServers"
import * as OwnFiles from "@parley/workspace/OwnFiles"
import { concealing } from "@parley/mcp/Concealing"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Mailbox from "./internal/Mailbox.ts"
import { Output } from "./Output.ts"
import { inLine } from "./Render.ts"
import { ownerOf, type Setup } from "./Setup.ts"

/** A server of the user, or of the project with this root: a conversation elsewhere may have another one of that name. */
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

const restart = (name: string) =>
  McpManager.use((mcp) => (mcp.restart === undefined ? Effect.undefined : mcp.restart(name)))

/** What became of a server, in one line. Nothing of its configuration that is secret is in it. */
export const words = (setup: Setup, { name, problem, restarts, state, tools }: ServerStatus): string => {
  const config = UserServers.named(setup.servers, name)
  const conceal = config === undefined ? (text: string) => text : concealing(config)
  return [
    `${name}: ${state === "ready" ? `${tools} tools` : state}`,
    ...(restarts === undefined ? [] : [`restarted ${restarts} times`]),
    ...(problem === undefined ? [] : [inLine(conceal(problem))])
  ].join("; ")
}

/** Restarts a server of this process for the one who types. */
export const here = Effect.fnUntraced(function* (setup: Setup, name: string) {
  const output = yield* Output
  const status = yield* restart(name)
  yield* output.note(
    status === undefined ? `parley: there is no server ${inLine(name)} to restart` : words(setup, status)
  )
})

/** The directory of the requests, if it is one that only this user can change. */
const requestsOf = ({ user }: Setup) => {
  const directory = Locations.requests(user)
  return Effect.as(OwnFiles.below(user.stateDirectory, directory), directory)
}

/** Restarts servers of this process when another one of the user's asks for it, until the scope closes. */
export const listen = Effect.fnUntraced(function* (setup: Setup) {
  const mcp = yield* McpManager
  const output = yield* Output
  // Where another user could have asked, nothing is listened to.
  if (Result.isFailure(yield* Effect.result(requestsOf(setup)))) return
  yield* Mailbox.receive(Locations.requests(setup.user), (question) =>
    Effect.gen(function* () {
      const asked = Option.getOrUndefined(decodeQuestion(question))
      if (asked === undefined || rootOf(setup, asked.restart) !== asked.root) return encodeAnswer({ state: "unknown" })
      const status = yield* Effect.provideService(restart(asked.restart), McpManager, mcp)
      if (status === undefined) return encodeAnswer({ state: "unknown" })
      yield* output.note(`parley: restarted, as asked from elsewhere: ${words(setup, status)}`)
      return encodeAnswer({ state: status.state === "ready" ? "ready" : "failed" })
    })
  )
})

/** Asks all running conversations, and says what each of them answered. */
export const elsewhere = Effect.fnUntraced(function* (setup: Setup, name: string) {
  const root = rootOf(setup, name)
  const question = yield* Effect.orDie(encodeQuestion({ restart: name, ...(root === undefined ? {} : { root }) }))
  const answers = yield* Mailbox.ask(yield* requestsOf(setup), question)
  const states = answers.map((answer) => Option.getOrUndefined(decodeAnswer(answer))?.state ?? "silent")
  const count = (state: (typeof states)[number]) => states.filter((one) => one === state).length
  return { all: states.length, ready: count("ready"), failed: count("failed"), silent: count("silent") }
})
