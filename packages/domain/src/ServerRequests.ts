import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Answers, Field } from "./ElicitationForm.ts"
import type { Message } from "./Message.ts"
import type { Usage } from "./Usage.ts"

/** What a server asks of a person while one of its tools runs. All texts are the server's own, and made fit to be shown. */
export type Elicitation =
  | {
      readonly _tag: "Form"
      /** The name that the user gave the server. */
      readonly server: string
      readonly message: string
      readonly fields: ReadonlyArray<Field>
    }
  | {
      readonly _tag: "Url"
      readonly server: string
      readonly message: string
      /** An http or https address without a user name or password, in plain ASCII. */
      readonly url: string
      readonly host: string
    }

/** `Cancel` is when a person would not say: they left the question, or the round was cancelled. */
export type ElicitationAnswer =
  | { readonly _tag: "Accept"; readonly content: Answers }
  | { readonly _tag: "Decline" }
  | { readonly _tag: "Cancel" }

/** What a server wants a model to be asked. */
export interface Sampling {
  readonly server: string
  /** Whether a person has to say yes first. */
  readonly ask: boolean
  /** The server's own instructions for the model: nobody has looked at them. */
  readonly system: string
  /** Text and images, as a model may be sent them. */
  readonly messages: ReadonlyArray<Message>
  /** How long the answer may be, at the server's wish and within our own limit. */
  readonly maxTokens: number
}

export type SamplingAnswer =
  | {
      readonly _tag: "Answered"
      readonly text: string
      /** `PROVIDER/MODEL`. */
      readonly model: string
      readonly stop: "endTurn" | "maxTokens" | "stopSequence"
      readonly usage: Usage
    }
  | { readonly _tag: "Declined"; readonly reason: string }

/**
 * Who answers what MCP servers ask of us. A server is told that it may ask for a thing only where there is somebody to
 * answer; what it asks all the same is declined at once. Both are interrupted when the calls end that they belong to.
 */
export interface ServerRequests {
  /** Asks a person. Absent where there is none. */
  readonly elicit?: (request: Elicitation) => Effect.Effect<ElicitationAnswer>
  /** Asks a model, once. Absent where there is none. */
  readonly sample?: (request: Sampling) => Effect.Effect<SamplingAnswer>
  /** Told when a server asked, by this method, for what it was not told that it may ask for. It got no for an answer. */
  readonly refused?: (server: string, method: string) => Effect.Effect<void>
}

/** Nobody answers unless somebody is provided. */
export const ServerRequests = Context.Reference<ServerRequests>("@parley/domain/ServerRequests", {
  defaultValue: () => ({})
})
