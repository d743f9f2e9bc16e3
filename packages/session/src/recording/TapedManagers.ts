import type { McpManager, ServerInstructions, ServerStatus } from "@parley/domain/McpManager"
import { McpRequestError, ResourceContent, ResourceInfo } from "@parley/domain/McpCatalog"
import { ModelError } from "@parley/domain/ModelError"
import { ToolError } from "@parley/domain/ToolError"
import { ModelInfo, ModelRequest, type ModelsManager } from "@parley/domain/ModelsManager"
import { ModelRef, format } from "@parley/domain/ModelRef"
import { ProviderChunk } from "@parley/domain/ProviderChunk"
import { ToolDefinition, ToolOutput } from "@parley/domain/Tool"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { isNotNull } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Tape } from "./Tape.ts"
import * as Codecs from "./TapeCodecs.ts"

type Models = ModelsManager["Service"]
type Mcp = McpManager["Service"]

const infos = ModelInfo.pipe(Schema.Array, Codecs.safe)
const ref = Codecs.of(ModelRef, ModelError)
const info = Codecs.of(ModelInfo, ModelError)
const count = Codecs.of(Schema.NullOr(Schema.Finite), ModelError)
const isNative = Codecs.of(Schema.Boolean, ModelError)
const chunks = Codecs.of(ProviderChunk.pipe(Schema.NonEmptyArray, Schema.NullOr), ModelError)
const encodeRequest = Schema.encodeSync(Schema.fromJsonString(Schema.toCodecJson(ModelRequest)))

/**
 * Records a response as the arrays of chunks that the manager emits, and the request in its provider-neutral form. For
 * managers that do not use HTTP, or whose HTTP client is not recorded.
 */
const streamed =
  (tape: Tape, models: Models): Models["stream"] =>
  (request) =>
    Stream.unwrap(
      Effect.gen(function* () {
        yield* tape.call(
          { op: "request", input: format(request.model), text: encodeRequest(request), isShown: true },
          Effect.void,
          Codecs.safe(Schema.Void)
        )
        const pull = tape.port.isReplay ? Effect.never : yield* Stream.toPull(models.stream(request))
        const read = Effect.catchIf(pull, Cause.isDone, () => Effect.succeed(null))
        return tape.call({ op: "read" }, read, chunks).pipe(
          Effect.filterOrElse(isNotNull, () => Cause.done()),
          Effect.succeed,
          Stream.fromPull
        )
      })
    )

const counted =
  (tape: Tape, models: Models): NonNullable<Models["count"]> =>
  (request) => {
    const asked = Effect.map(models.count?.(request) ?? Effect.undefined, (tokens) => tokens ?? null)
    return Effect.map(
      tape.call({ op: "count", input: format(request.model) }, asked, count),
      (tokens) => tokens ?? undefined
    )
  }

/**
 * The models, recorded. `counts`: whether sizes of requests are asked for. With `wired`, responses are those of that manager, whose HTTP client is recorded instead, so that a
 * replay runs the provider's own code on the recorded bytes.
 */
export const models = (tape: Tape, models: Models, counts: boolean, wired?: Models): Models => ({
  models: tape.call({ op: "models" }, models.models, infos),
  preferred: tape.call({ op: "preferred model" }, models.preferred, ref),
  describe: (model, effort) =>
    tape.call(
      { op: "describe", input: [format(model), ...(effort === undefined ? [] : [effort])].join(" ") },
      models.describe(model, effort),
      info
    ),
  stream: wired === undefined ? streamed(tape, models) : wired.stream,
  structured: (request) =>
    tape.call(
      { op: "structured", input: format(request.model) },
      models.structured?.(request) ?? Effect.succeed(false),
      isNative
    ),
  ...(counts ? { count: counted(tape, models) } : {}),
  ...(models.render === undefined ? {} : { render: models.render })
})

const definitions = ToolDefinition.pipe(Schema.Array, Codecs.safe)
const instructions = Schema.Struct({ server: Schema.String, text: Schema.String }).pipe(Schema.Array, Codecs.safe)
const resources = ResourceInfo.pipe(Schema.Array, Codecs.safe)
const statuses = Schema.Struct({
  name: Schema.String,
  state: Schema.Literals(["starting", "ready", "restarting", "needs-auth", "failed", "stopped"]),
  tools: Schema.Int,
  problem: Schema.optionalKey(Schema.String)
}).pipe(Schema.Array, Codecs.safe)
const output = Codecs.of(ToolOutput, ToolError)
const contents = Codecs.of(Schema.Array(ResourceContent), McpRequestError)

/** The tools, recorded: their definitions, and the result of each call. What only hosts use is passed on. */
export const tools = (tape: Tape, mcp: Mcp): Mcp => ({
  ...mcp,
  tools: tape.call({ op: "tools" }, mcp.tools, definitions),
  instructions: tape.call<ReadonlyArray<ServerInstructions>, never>(
    { op: "instructions" },
    mcp.instructions ?? Effect.succeed([]),
    instructions
  ),
  resources: tape.call({ op: "resources" }, mcp.resources, resources),
  servers: tape.call<ReadonlyArray<ServerStatus>, never>({ op: "servers" }, mcp.servers, statuses),
  call: (name, input, context) =>
    tape.call({ op: "tool call", input: { tool: name, input }, isShown: true }, mcp.call(name, input, context), output),
  readResource: (server, uri) =>
    tape.call({ op: "resource", input: { server, uri }, isShown: true }, mcp.readResource(server, uri), contents)
})
