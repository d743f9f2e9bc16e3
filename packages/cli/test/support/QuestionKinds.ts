import { text } from "@parley/domain/Content"
import { CallId } from "@parley/domain/Ids"
import type { Elicitation } from "@parley/domain/ServerRequests"
import * as Demo from "@parley/provider/Demo"
import * as Registry from "@parley/provider/Registry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Approvals from "../../src/Approvals.ts"
import { Output } from "../../src/Output.ts"
import type { Questions } from "../../src/Questions.ts"
import * as ServerAnswers from "../../src/ServerAnswers.ts"
import { ask as askTrust } from "../../src/trust/Asking.ts"

const setup = {
  config: {},
  allow: [],
  user: { configFile: "config.json" },
  workspace: { root: "/work" },
  project: { servers: [], problem: undefined }
}
const call = {
  callId: CallId.make("r1t1c1"),
  tool: { name: "net__send", server: "net", tool: "send", description: "", inputSchema: {} },
  input: { text: "hello" }
}
const name = { _tag: "Text", key: "name", title: "Your name", required: true } as const
const sampling = {
  server: "net",
  ask: true,
  system: "",
  messages: [{ role: "user" as const, content: [text("Hello")] }],
  maxTokens: 50
}
const models = Registry.layer({ providers: [Demo.make()], unavailable: {} })

const elicit = (questions: Questions, request: Elicitation) =>
  Effect.gen(function* () {
    const requests = yield* ServerAnswers.make(questions)
    return requests.elicit === undefined ? undefined : yield* requests.elicit(request)
  }).pipe(Effect.provide(models))

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
  readonly ask: (questions: Questions) => Effect.Effect<Answered, never, Output>
}

/** Every kind of question that the command asks. */
export const kinds: { readonly [kind: string]: Kind } = {
  "a tool call": {
    prompt: "run it?",
    consent: "y",
    ask: (questions) =>
      Effect.gen(function* () {
        const decision = yield* (yield* Approvals.policy(setup, questions)).ask(call)
        return decision.allowed ? consent : refusal(decision.reason)
      })
  },
  "consent to a form": {
    prompt: "answer it?",
    consent: "y",
    ask: (questions) =>
      Effect.map(
        elicit(questions, { _tag: "Form", server: "net", message: "About you", fields: [] }),
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
    ask: (questions) =>
      Effect.map(
        elicit(questions, { _tag: "Form", server: "net", message: "About you", fields: [name] }),
        (answer): Answered =>
          answer?._tag === "Accept"
            ? { answer: "consent", words: String(answer.content["name"]) }
            : { answer: answer?._tag === "Decline" ? "refusal" : "none" }
      )
  },
  "an address": {
    prompt: "[o]pen it",
    consent: "d",
    ask: (questions) =>
      Effect.map(
        elicit(questions, { _tag: "Url", server: "net", message: "Sign in", url: "https://a.example/", host: "a" }),
        (answer) => ({
          answer: answer?._tag === "Accept" ? "consent" : answer?._tag === "Decline" ? "refusal" : "none"
        })
      )
  },
  "a request to the model": {
    prompt: "send it?",
    consent: "y",
    ask: (questions) =>
      Effect.gen(function* () {
        const { sample } = yield* ServerAnswers.make(questions)
        const answer = yield* sample?.(sampling) ?? Effect.die("no sampling")
        return answer._tag === "Answered" ? consent : refusal(answer.reason)
      }).pipe(Effect.provide(models))
  },
  "trust in a project's server, or in changed tools": {
    prompt: "trust this?",
    consent: "yes",
    ask: (questions) =>
      Effect.map(
        askTrust("trust this? ", "abc", { yes: false, hash: undefined, questions }).pipe(Effect.orDie),
        (answer): Answered => ({
          answer: answer === "yes" ? "consent" : answer === "no" ? "refusal" : "none"
        })
      )
  },
  "the address of a login": {
    prompt: "> ",
    consent: "http://127.0.0.1/?code=1",
    free: true,
    ask: (questions) =>
      Effect.map(
        questions.ask(({ read }) => read("> ")),
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
