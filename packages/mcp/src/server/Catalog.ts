import type { PromptInfo, ResourceInfo, ResourceTemplateInfo } from "@parley/domain/McpCatalog"
import type { Connection } from "../transport/Connection.ts"

/** One list of a server. */
export interface Listing<A> {
  /** The connection on which it was listed. The list is not valid for any other connection. */
  readonly on: Connection | undefined
  readonly items: ReadonlyArray<A>
  /** A note for a person, such as which entries were left out, or why the list is missing. */
  readonly note: string | undefined
}

/** A server's catalog: everything that it offers besides tools. */
export interface ServerCatalog {
  readonly resources: Listing<ResourceInfo>
  readonly resourceTemplates: Listing<ResourceTemplateInfo>
  readonly prompts: Listing<PromptInfo>
}

const none = { on: undefined, items: [], note: undefined }
export const emptyCatalog: ServerCatalog = { resources: none, resourceTemplates: none, prompts: none }

/** The notes for a person about the lists of one connection. */
export const notesOf = (
  { prompts, resourceTemplates, resources }: ServerCatalog,
  on: Connection
): ReadonlyArray<string> =>
  [resources, resourceTemplates, prompts].flatMap((listing) =>
    listing.on === on && listing.note !== undefined ? [listing.note] : []
  )
