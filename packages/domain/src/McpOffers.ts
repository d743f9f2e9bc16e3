import * as Schema from "effect/Schema"
import { Document, Image, UserBlock } from "./Content.ts"

const text = Schema.optionalKey(Schema.String)

/** What an MCP server offers to be read. `uri` names it to that server, and means nothing to anybody else. */
export const ResourceInfo = Schema.Struct({
  server: Schema.String,
  uri: Schema.NonEmptyString,
  name: Schema.String,
  title: text,
  description: text,
  mimeType: text,
  /** Bytes, as the server says. */
  size: Schema.optionalKey(Schema.Int)
})
export type ResourceInfo = typeof ResourceInfo.Type

/** A family of resources: filled in, `{variables}` and all, the template is the URI of one of them (RFC 6570). */
export const ResourceTemplateInfo = Schema.Struct({
  server: Schema.String,
  uriTemplate: Schema.NonEmptyString,
  name: Schema.String,
  title: text,
  description: text,
  mimeType: text
})
export type ResourceTemplateInfo = typeof ResourceTemplateInfo.Type

export const PromptArgument = Schema.Struct({
  name: Schema.NonEmptyString,
  title: text,
  description: text,
  required: Schema.Boolean
})
export type PromptArgument = typeof PromptArgument.Type

/** A message that a server writes for the user to send, once its arguments are known. */
export const PromptInfo = Schema.Struct({
  server: Schema.String,
  name: Schema.NonEmptyString,
  title: text,
  description: text,
  arguments: Schema.Array(PromptArgument)
})
export type PromptInfo = typeof PromptInfo.Type

/** One part of what a resource holds. A server may answer with several, each with a URI of its own. */
export const ResourceContent = Schema.TaggedUnion({
  /** Well-formed Unicode; where it was cut, it says so at its end. */
  Text: { uri: Schema.String, mimeType: text, text: Schema.String },
  Media: { uri: Schema.String, block: Schema.Union([Image, Document]) },
  /** Nothing that a model can look at: what it is, and why it is not here. */
  Described: { uri: Schema.String, mimeType: text, words: Schema.String }
})
export type ResourceContent = typeof ResourceContent.Type

export const PromptMessage = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Array(UserBlock)
})
export type PromptMessage = typeof PromptMessage.Type

export type PromptArguments = { readonly [name: string]: string }

/** What is being typed, and where: an argument of a prompt, or a variable of a resource template. */
export interface Completing {
  readonly server: string
  readonly of: { readonly prompt: string } | { readonly uriTemplate: string }
  readonly argument: string
  /** What there is of the value. */
  readonly value: string
  /** The other arguments that are known by now. */
  readonly known?: PromptArguments
}

/** Why a server did not answer a request for something that it offers. */
export class McpRequestError extends Schema.TaggedError<McpRequestError>()("McpRequestError", {
  server: Schema.String,
  /**
   * There is no such server; it does not run, or did not answer; it does not know how to; or it has answered with an error,
   * or with something else than was asked for.
   */
  reason: Schema.Literals(["UnknownServer", "Unavailable", "Unsupported", "Refused"]),
  problem: Schema.String
}) {
  override get message(): string {
    const advice: { readonly [R in typeof this.reason]: string } = {
      UnknownServer: "; `parley mcp list` shows the servers there are",
      Unavailable: `; \`parley mcp inspect ${this.server}\` shows how it fares`,
      Unsupported: `; \`parley mcp inspect ${this.server}\` shows what it offers`,
      Refused: ""
    }
    return `${this.server}: ${this.problem}${advice[this.reason]}`
  }
}
