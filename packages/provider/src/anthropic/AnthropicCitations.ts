import type { Block, Citation } from "@parley/domain/Content"
import type { ProviderChunk } from "@parley/domain/ProviderChunk"
import * as Predicate from "effect/Predicate"
import { parseObject, string } from "../text/JsonObject.ts"

type Members = { readonly [key: PropertyKey]: unknown }

const pageOf = (value: unknown): number => (typeof value === "number" && Number.isInteger(value) ? value : 0)

/** The API counts pages from 1, and its end is the page after the last one. */
const pagesOf = ({ end_page_number, start_page_number }: Members): Pick<Citation, "pages"> => {
  const first = pageOf(start_page_number)
  return first < 1 ? {} : { pages: { first, last: Math.max(first, pageOf(end_page_number) - 1) } }
}

/** The citation in a `citations_delta`; undefined if it has no passage to show. */
const citationOf = (wire: Members, provider: string): Citation | undefined => {
  const quote = string(wire["cited_text"])
  const title = string(wire["title"]) || string(wire["document_title"]) || string(wire["source"])
  const url = string(wire["url"])
  if (quote === "" && title === "" && url === "") return undefined
  return { provider, title, ...(url === "" ? {} : { url }), ...pagesOf(wire), quote, raw: JSON.stringify(wire) }
}

/** Adds the citations of a text block. What is not a citation is ignored, like every unknown part of a response. */
export const add = (
  index: number,
  citations: ReadonlyArray<unknown>,
  provider: string,
  out: Array<ProviderChunk>
): void => {
  for (const wire of citations) {
    const citation = Predicate.isReadonlyObject(wire) ? citationOf(wire, provider) : undefined
    if (citation !== undefined) out.push({ _tag: "TextCitation", index, citation })
  }
}

/**
 * The citations of a text that go back to the API, as JSON texts. A citation of a search in the web stands for itself, and the
 * API needs it to cite the same page again. The others count the documents of the request in which they were made. Later
 * requests may have other documents, and the API would then refuse them, so they are left out.
 */
export const sendable = ({ citations = [] }: Extract<Block, { readonly _tag: "Text" }>, provider: string) =>
  citations.flatMap((citation): ReadonlyArray<string> => {
    const wire = citation.provider === provider ? parseObject(citation.raw) : undefined
    const type = wire !== undefined && Predicate.hasProperty(wire, "type") ? wire.type : undefined
    return type === "web_search_result_location" ? [citation.raw] : []
  })
