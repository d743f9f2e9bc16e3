import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Answers, Field } from "./ElicitationForm.ts"
import type { CallReference } from "./Ids.ts"
import type { Message } from "./Message.ts"
import type { Usage } from "./Usage.ts"

/**
 * The origin of a server's request.
 *
 * @since 0.1.0
 * @category models
 */
export interface FromServer {
  /** The name that the user gave the server. */
  readonly server: string
  /**
   * The tool calls that the server is running; the request belongs to one of them. There are several if sessions or calls
   * share a server, because the protocol does not identify the call. A host with several users must decline a request
   * whose calls belong to sessions of different users.
   */
  readonly calls: ReadonlyArray<CallReference>
}

/**
 * A server's request to a person while one of its tools runs: to fill in a form, or to open an address. All texts come
 * from the server; control characters and other invisible characters have been made harmless.
 *
 * @since 0.1.0
 * @category models
 */
export type Elicitation =
  | (FromServer & {
      readonly _tag: "Form"
      readonly message: string
      readonly fields: ReadonlyArray<Field>
    })
  | (FromServer & {
      readonly _tag: "Url"
      readonly message: string
      /** An http or https address without a user name or password, in plain ASCII. */
      readonly url: string
      readonly host: string
    })

/**
 * `Accept` has the answers of a form; for an address, `content` is empty. `Decline` is an explicit refusal. `Cancel`
 * means that the person dismissed the question, or that the round was cancelled.
 *
 * @since 0.1.0
 * @category models
 */
export type ElicitationAnswer =
  | { readonly _tag: "Accept"; readonly content: Answers }
  | { readonly _tag: "Decline" }
  | { readonly _tag: "Cancel" }

/**
 * A server's request for a model response (MCP sampling).
 *
 * @since 0.1.0
 * @category models
 */
export interface Sampling extends FromServer {
  /** Whether a person must approve the request first, according to the server's `sampling` setting. */
  readonly ask: boolean
  /** The server's instructions for the model. No one has reviewed them. */
  readonly system: string
  /** The messages to send: text and images. */
  readonly messages: ReadonlyArray<Message>
  /** Maximum length of the response in tokens: the server's value, limited by Parley's own maximum. */
  readonly maxTokens: number
}

/**
 * The model's response, or the reason why there is none; the server receives that reason.
 *
 * @since 0.1.0
 * @category models
 */
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
 * Handles requests from MCP servers to the host. Each function is optional. Parley announces a capability to servers only
 * if the host provides the function, and declines requests for capabilities that it did not announce. `elicit` and
 * `sample` are interrupted when the tool calls to which they belong have ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerRequests {
  /**
   * Elicitation: shows the form or the address to a person and returns the answer. The answers should satisfy the fields;
   * check them with `ElicitationForm.problemWith`. Absent if the host cannot ask a person.
   */
  readonly elicit?: (request: Elicitation) => Effect.Effect<ElicitationAnswer>
  /**
   * Sampling: sends the messages to a model once, after a person's approval if `ask` is set. Absent if the host does not
   * offer models to servers.
   */
  readonly sample?: (request: Sampling) => Effect.Effect<SamplingAnswer>
  /**
   * Called after a server's request was declined because its capability was not announced. `method` is the MCP method
   * name.
   */
  readonly refused?: (server: string, method: string) => Effect.Effect<void>
}

/**
 * Provides the handler of the host. By default, all requests from servers are declined.
 *
 * @since 0.1.0
 * @category services
 */
export const ServerRequests = Context.Reference<ServerRequests>("@parley/domain/ServerRequests", {
  defaultValue: () => ({})
})
