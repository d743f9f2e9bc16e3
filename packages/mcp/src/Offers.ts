import type { PromptInfo, ResourceInfo, ResourceTemplateInfo } from "@parley/domain/McpOffers"
import type { Connection } from "./internal/Connection.ts"

/** One list of a server. */
export interface Listing<A> {
  /** The connection it was listed on: of any other it says nothing. */
  readonly on: Connection | undefined
  readonly items: ReadonlyArray<A>
  /** What a person should know about it, such as entries that were left out, or why it is not there. */
  readonly note: string | undefined
}

/** What a server offers beside tools. */
export interface Offers {
  readonly resources: Listing<ResourceInfo>
  readonly resourceTemplates: Listing<ResourceTemplateInfo>
  readonly prompts: Listing<PromptInfo>
}

const none = { on: undefined, items: [], note: undefined }
export const noneYet: Offers = { resources: none, resourceTemplates: none, prompts: none }

/** What a person should know about the lists of one connection. */
export const notesOf = ({ prompts, resourceTemplates, resources }: Offers, on: Connection): ReadonlyArray<string> =>
  [resources, resourceTemplates, prompts].flatMap((listing) =>
    listing.on === on && listing.note !== undefined ? [listing.note] : []
  )
