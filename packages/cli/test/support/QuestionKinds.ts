import * as ServerRequestHandler from "../../../app/src/engine/ServerRequestHandler.ts"
import * as ApprovalPolicy from "../../../app/src/engine/ApprovalPolicy.ts"
import { text } from "@parley/domain/Content"
import { CallId, RoundId, SessionId } from "@parley/domain/Ids"
import type { ModelsManager } from "@parley/domain/ModelsManager"
import type { Elicitation } from "@parley/domain/ServerRequests"
import * as Demo from "@parley/provider/Demo"
import * as Registry from "@parley/provider/Registry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Output } from "../../src/output/Output.ts"
import type { Person } from "../../src/consent/Person.ts"
import * as Ports from "../../src/consent/Ports.ts"
import { ask as askTrust } from "../../src/consent/Asking.ts"

const setup = {
  config: {},
  allow: [],
  user: { configFile: "config.json" },
  workspace: { root: "/work" },
  project: { servers: [], problem: undefined }
}
const call = {
  sessionId: SessionId.make("ses_1"),
  roundId: RoundId.make("r1"),
  callId: CallId.make("r1t1c1"),
  tool: { name: "net__send", server: "net", tool: "send", description: "", inputSchema: {} },
  input: { text: "hello" }
}
const name = { _tag: "Text", key: "name", title: "Your name", required: true } as const
const sampling = {
  server: "net",
  calls: [],
  ask: true,
  system: "",
  messages: [{ role: "user" as const, content: [text("Hello")] }],
  maxTokens: 50
}
const models = Registry.layer({ providers: [Demo.make()], unavailable: {} })

/** What the engine asks of a person, as the command has it asked. */
const engine = <A>(person: Person, use: Effect.Effect<A, never, ModelsManager>) =>
  Effect.provide(use, Layer.merge(models, Ports.withPerson(person)), { local: true })

const elicit = (person: Person, request: Elicitation) =>
  engine(
    person,
    Effect.flatMap(ServerRequestHandler.make, ({ elicit }) => elicit?.(request) ?? Effect.undefined)
  )

/** How a question was answered; `words` is what it passed on. */
export interface Answered {
  readonly answer: "consent" | "refusal" | "none"
  readonly words?: string
}

const consent: Answered = { answer: "consent" }
const refusal = (words: string): Answered => ({ answer: "refusal", words })

export interface Kind {
  /** What its last prompt shows. */
  readonly prompt: string
  /** A line that it takes for consent. */
  readonly consent: string
  /** What has to be answered before the question that is tried. */
  readonly first?: { readonly prompt: string; readonly line: string }
  /** Whether any line is an answer. */
  readonly free?: true
  readonly ask: (person: Person) => Effect.Effect<Answered, never, Output>
}

/** Every kind of question that the command asks. */
export const kinds: { readonly [kind: string]: Kind } = {
  "a tool call": {
    prompt: "run it?",
    consent: "y",
    ask: (person) =>
      engine(
        person,
        Effect.gen(function* () {
          const decision = yield* (yield* ApprovalPolicy.make(setup)).ask(call)
          return decision.allowed ? consent : refusal(decision.reason)
        })
      )
  },
  "consent to a form": {
    prompt: "answer it?",
    consent: "y",
    ask: (person) =>
      Effect.map(
        elicit(person, { _tag: "Form", server: "net", calls: [], message: "About you", fields: [] }),
        (answer): Answered => ({
          answer: answer?._tag === "Accept" ? "consent" : answer?._tag === "Decline" ? "refusal" : "none"
        })
      )
  },
  "a field of a form": {
    prompt: "  = ",
    consent: "Ada",
    first: { prompt: "answer it?", line: "y" },
    free: true,
    ask: (person) =>
      Effect.map(
        elicit(person, { _tag: "Form", server: "net", calls: [], message: "About you", fields: [name] }),
        (answer): Answered =>
          answer?._tag === "Accept"
            ? { answer: "consent", words: String(answer.content["name"]) }
            : { answer: answer?._tag === "Decline" ? "refusal" : "none" }
      )
  },
  "an address": {
    prompt: "[o]pen it",
    consent: "d",
    ask: (person) =>
      Effect.map(
        elicit(person, {
          _tag: "Url",
          server: "net",
          calls: [],
          message: "Sign in",
          url: "https://a.example/",
          host: "a"
        }),
        (answer) => ({
          answer: answer?._tag === "Accept" ? "consent" : answer?._tag === "Decline" ? "refusal" : "none"
        })
      )
  },
  "a request to the model": {
    prompt: "send it?",
    consent: "y",
    ask: (person) =>
      engine(
        person,
        Effect.gen(function* () {
          const { sample } = yield* ServerRequestHandler.make
          const answer = yield* sample?.(sampling) ?? Effect.die("no sampling")
          return answer._tag === "Answered" ? consent : refusal(answer.reason)
        })
      )
  },
  "trust in a project's server, or in changed tools": {
    prompt: "trust this?",
    consent: "yes",
    ask: (person) =>
      Effect.map(
        askTrust("trust this? ", "abc", { yes: false, hash: undefined, person }).pipe(Effect.orDie),
        (answer): Answered => ({
          answer: answer === "yes" ? "consent" : answer === "no" ? "refusal" : "none"
        })
      )
  },
  "the address of a login": {
    prompt: "> ",
    consent: "http://127.0.0.1/?code=1",
    free: true,
    ask: (person) =>
      Effect.map(
        person.ask(({ read }) => read("> ")),
        (line): Answered => (line === undefined ? { answer: "none" } : { answer: "consent", words: line })
      )
  }
}

export const quiet = Layer.succeed(
  Output,
  Output.of({
    text: () => Effect.void,
    line: () => Effect.void,
    note: () => Effect.void,
    aside: () => Effect.void,
    ask: () => Effect.void
  })
)
