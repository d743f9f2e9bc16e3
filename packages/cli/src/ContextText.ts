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
    ? "Tainted: it holds text from outside, so tools that are set to ask-if-tainted are asked about."
    : "Not tainted: all of it was written by the user, by Parley, or by the model when it knew nothing else."

const by = {
  counted: "counted by the provider",
  reported: "as the provider counted the request before, and an estimate of what is new",
  estimated: "an estimate, a quarter of the bytes"
}

const sizeLine = ({ size }: RequestContext, limit: number | undefined): string =>
  `${size.tokens} tokens (${by[size.by]})${limit === undefined ? "" : ` of the ${limit} that the model takes beside its answer${size.tokens > limit ? "; more than fit, so the history would be compacted first" : ""}`}`

/** All of a request, in words, and where it comes from. Tokens of single segments are estimates. */
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

/** Every byte of the body that would travel, by where it comes from. */
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

/** What is different between two requests of a session, the earlier one first. */
export const diff = (before: RequestContext, after: RequestContext): string => {
  const present = ({ manifest }: RequestContext) => manifest.filter(({ bytes }) => bytes > 0)
  const [was, is] = [present(before), present(after)]
  const different = is.findIndex((segment, i) => !same(segment, was[i]))
  const shared = different < 0 ? is : is.slice(0, different)
  const gone = was.filter((segment) => !is.some((other) => same(segment, other)))
  const added = is.filter((segment) => !was.some((other) => same(segment, other)))
  return [
    `The first ${shared.length} of ${is.length} segments, ${sum(shared)} of ${sum(is)} bytes, are the same: what the provider still has of them costs little.`,
    ...gone.map((segment) => `- ${segmentLine(segment)}`),
    ...added.map((segment) => `+ ${segmentLine(segment)}`),
    ...(gone.length + added.length === 0 ? ["Nothing is different."] : [])
  ].join("\n")
}
