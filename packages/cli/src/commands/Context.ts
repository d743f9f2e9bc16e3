import type { Block } from "@parley/domain/Content"
import type { Segment } from "@parley/domain/ContextManifest"
import { SessionContext } from "@parley/domain/SessionContext"
import { format } from "@parley/domain/ModelRef"
import { SessionManager } from "@parley/domain/SessionManager"
import { SessionCoordinator } from "@parley/session/SessionCoordinator"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Live from "../Live.ts"
import { Output } from "../Output.ts"
import { inLine, short } from "../Render.ts"
import * as Setup from "../Setup.ts"
import * as Target from "../Target.ts"

export interface Input extends Setup.Flags, Target.TargetFlags {
  readonly message: ReadonlyArray<string>
  readonly format: "text" | "json"
}

const encode = Schema.encodeEffect(Schema.fromJsonString(SessionContext))

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

const manifestLine = (segment: Segment): string =>
  `${segment.part.padEnd(8)} ${String(segment.bytes).padStart(8)} bytes ${String(segment.tokens).padStart(7)} tokens (estimate)  ${segment.hash}  ${inLine(segment.source)}${segment.why === undefined ? "" : `  (${short(segment.why, 200)})`}`

const show = (context: SessionContext): string => {
  const { messages, model, system, tools } = context.request
  return [
    `=== model\n${format(model)}`,
    ...(system === "" ? [] : [`=== system\n${system}`]),
    ...tools.map((tool) => `=== tool ${tool.name}\n${tool.description}\n${JSON.stringify(tool.inputSchema)}`),
    ...messages.map(
      (message, i) => `=== message ${i + 1}: ${message.role}\n${message.content.map(blockText).join("\n")}`
    ),
    `=== manifest\n${context.manifest.map(manifestLine).join("\n")}`,
    ...context.skipped.map(({ path, reason }) => `skipped ${inLine(path)}: ${reason}`)
  ].join("\n\n")
}

/** Prints what the next request would hold; sends nothing and stores nothing. */
export const context = Effect.fn("parley context")(function* (input: Input) {
  const setup = yield* Setup.load(input)
  const fresh = Option.isNone(input.session) && !input.continue
  yield* Effect.gen(function* () {
    const coordinator = yield* SessionCoordinator
    const sessions = yield* SessionManager
    const output = yield* Output
    const root = setup.workspace.root
    const found = yield* Target.find(input, root)
    const info = Option.isSome(found) ? found.value : yield* sessions.create({ workspace: root })
    const words = input.message.join(" ")
    const built = yield* coordinator.buildContext(info.id, words === "" ? undefined : words)
    if (input.format === "json") yield* output.line(yield* Effect.orDie(encode(built)))
    else yield* output.text(`${show(built)}\n`)
  }).pipe(Effect.provide(Live.engine(setup, fresh ? "memory" : "stored")))
})
