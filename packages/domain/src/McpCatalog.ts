import * as Schema from "effect/Schema"
import { Document, Image, UserBlock } from "./Content.ts"

const text = Schema.optionalKey(Schema.String)

/**
 * A resource that an MCP server offers. `uri` identifies it to that server only.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ResourceInfo = Schema.Struct({
  server: Schema.String,
  uri: Schema.NonEmptyString,
  name: Schema.String,
  title: text,
  description: text,
  mimeType: text,
  /** Size in bytes as reported by the server. */
  size: Schema.optionalKey(Schema.Int)
})
export type ResourceInfo = typeof ResourceInfo.Type

/**
 * A family of resources. Expanding the variables of `uriTemplate` (RFC 6570) gives the URI of one resource.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ResourceTemplateInfo = Schema.Struct({
  server: Schema.String,
  uriTemplate: Schema.NonEmptyString,
  name: Schema.String,
  title: text,
  description: text,
  mimeType: text
})
export type ResourceTemplateInfo = typeof ResourceTemplateInfo.Type

/**
 * An argument that a prompt of a server accepts.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PromptArgument = Schema.Struct({
  name: Schema.NonEmptyString,
  title: text,
  description: text,
  required: Schema.Boolean
})
export type PromptArgument = typeof PromptArgument.Type

/**
 * A prompt: a message that the server generates from arguments, for the user to send.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PromptInfo = Schema.Struct({
  server: Schema.String,
  name: Schema.NonEmptyString,
  title: text,
  description: text,
  arguments: Schema.Array(PromptArgument)
})
export type PromptInfo = typeof PromptInfo.Type

/**
 * One part of a resource's content. A server may return several parts, each with its own URI.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ResourceContent = Schema.TaggedUnion({
  /** Well-formed Unicode. If the text was truncated, a note at its end says so. */
  Text: { uri: Schema.String, mimeType: text, text: Schema.String },
  Media: { uri: Schema.String, block: Schema.Union([Image, Document]) },
  /** Content that cannot be sent to a model. `words` describes it and gives the reason. */
  Described: { uri: Schema.String, mimeType: text, words: Schema.String }
})
export type ResourceContent = typeof ResourceContent.Type

/**
 * One message of a prompt, as the server generated it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PromptMessage = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Array(UserBlock)
})
export type PromptMessage = typeof PromptMessage.Type

/**
 * The values for a prompt's arguments, by name.
 *
 * @since 0.1.0
 * @category models
 */
export type PromptArguments = { readonly [name: string]: string }

/**
 * A request for completions of an argument of a prompt, or of a variable of a resource template, while a user types it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Completing {
  readonly server: string
  readonly of: { readonly prompt: string } | { readonly uriTemplate: string }
  readonly argument: string
  /** The value typed so far. */
  readonly value: string
  /** The other arguments that already have values. */
  readonly known?: PromptArguments
}

/**
 * A request to an MCP server for a resource, a prompt or completions failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class McpRequestError extends Schema.TaggedError<McpRequestError>()("McpRequestError", {
  server: Schema.String,
  /**
   * `UnknownServer`: no server has this name. `Unavailable`: the server is not running or did not respond. `Unsupported`:
   * the server does not support the request. `Refused`: the server returned an error or an invalid result.
   */
  reason: Schema.Literals(["UnknownServer", "Unavailable", "Unsupported", "Refused"]),
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.server}: ${this.problem}`
  }
}
