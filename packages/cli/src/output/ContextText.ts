import type { Block } from "@parley/domain/Content"
import { isTainted, provenanceOf, type Segment } from "@parley/domain/ContextManifest"
import { format } from "@parley/domain/ModelRef"
import { inLine, short } from "./Render.ts"
import type { RequestContext, SessionContext, Wire } from "@parley/domain/SessionContext"

const blockText = (block: Block): string => {
  switch (block._tag) {
    case "Text":
      return block.text
    case "Thinking":
    case "Opaque":
      return block.raw
    case "Image":
    case "Document":
      return `[${block._tag.toLowerCase()} ${block.mediaType}, ${block.data.length} base64 characters]`
    case "ToolCall":
      return `[call ${block.callId}] ${block.name} ${block.input}`
    case "ToolResult":
      return `[result ${block.callId}${block.isError ? " error" : ""}] ${block.content.map(blockText).join("\n")}`
  }
}

export const segmentLine = (segment: Segment): string => {
  const { bytes, hash, part, source, tokens, why } = segment
  return [
    part.padEnd(8),
    (bytes === 0 ? "" : provenanceOf(segment)).padEnd(8),
    `${bytes} bytes`.padStart(14),
    `${tokens} tokens`.padStart(13),
    hash.padEnd(16),
    `${inLine(source)}${why === undefined ? "" : `: ${short(why, 200)}`}`
  ].join("  ")
}

const taint = (manifest: ReadonlyArray<Segment>): string =>
  isTainted(manifest)
    ? "Tainted: it contains text from outside, so tools with the permission ask-if-tainted require approval."
    : "Not tainted: all of it was written by the user, by Parley, or by the model in response to untainted requests."

const by = {
  counted: "counted by the provider",
  reported: "the provider's count of the previous request, plus an estimate of the new part",
  estimated: "an estimate: a quarter of the bytes"
}

const sizeLine = ({ size }: RequestContext, limit: number | undefined): string =>
  `${size.tokens} tokens (${by[size.by]})${limit === undefined ? "" : ` of at most ${limit} for a request to this model${size.tokens > limit ? "; it does not fit, so the history would be compacted first" : ""}`}`

/** A complete request as text, with the manifest of its sources. The token counts of single segments are estimates. */
export const show = (context: RequestContext & Partial<Pick<SessionContext, "skipped" | "limit">>): string => {
  const { messages, model, system, tools } = context.request
  return [
    `=== model\n${format(model)}`,
    ...(system === "" ? [] : [`=== system\n${system}`]),
    ...tools.map((tool) => `=== tool ${tool.name}\n${tool.description}\n${JSON.stringify(tool.inputSchema)}`),
    ...messages.map(
      (message, i) => `=== message ${i + 1}: ${message.role}\n${message.content.map(blockText).join("\n")}`
    ),
    `=== manifest\n${context.manifest.map(segmentLine).join("\n")}\n${taint(context.manifest)}`,
    `=== size\n${sizeLine(context, context.limit)}`,
    ...(context.skipped ?? []).map(({ path, reason }) => `skipped ${inLine(path)}: ${reason}`)
  ].join("\n\n")
}

const beginning = (text: string): string => {
  const line = JSON.stringify(text)
  return line.length <= 60 ? line : `${line.slice(0, 59)}…`
}

/** The request body as a list of byte ranges, each with its size, its source and its beginning. */
export const bytes = ({ body, spans }: Wire): string => {
  const encoded = new TextEncoder().encode(body)
  const decoder = new TextDecoder()
  return spans
    .map(({ end, roundId, source, start }) =>
      [
        `${start}–${end}`.padEnd(17),
        String(end - start).padStart(8),
        `${inLine(source)}${roundId === undefined ? "" : ` (${roundId})`}`.padEnd(32),
        beginning(decoder.decode(encoded.subarray(start, end)))
      ].join("  ")
    )
    .join("\n")
}

const same = (a: Segment | undefined, b: Segment | undefined): boolean =>
  a !== undefined && b !== undefined && a.source === b.source && a.hash === b.hash

const sum = (segments: ReadonlyArray<Segment>): number => segments.reduce((all, { bytes }) => all + bytes, 0)

/** The differences between two requests of a session, the earlier one first. */
export const diff = (before: RequestContext, after: RequestContext): string => {
  const present = ({ manifest }: RequestContext) => manifest.filter(({ bytes }) => bytes > 0)
  const [was, is] = [present(before), present(after)]
  const different = is.findIndex((segment, i) => !same(segment, was[i]))
  const shared = different < 0 ? is : is.slice(0, different)
  const gone = was.filter((segment) => !is.some((other) => same(segment, other)))
  const added = is.filter((segment) => !was.some((other) => same(segment, other)))
  return [
    `The first ${shared.length} of ${is.length} segments (${sum(shared)} of ${sum(is)} bytes) are unchanged; ` +
      "what the provider has cached of them costs little.",
    ...gone.map((segment) => `- ${segmentLine(segment)}`),
    ...added.map((segment) => `+ ${segmentLine(segment)}`),
    ...(gone.length + added.length === 0 ? ["There are no differences."] : [])
  ].join("\n")
}
