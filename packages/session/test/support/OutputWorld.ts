import { PromptManager } from "@parley/domain/PromptManager"
import { SessionManager } from "@parley/domain/SessionManager"
import { Chunks, ScriptedModel, ScriptedTools } from "@parley/testing"
import { Effect, Layer, Schema } from "effect"
import type { Decoder, StructuredOutput } from "../../src/output/StructuredOutput.ts"
import { SessionCoordinator } from "../../src/round/SessionCoordinator.ts"
import { sessionId, witness } from "../World.ts"

const { call, finish, text } = Chunks
const { turn } = ScriptedModel

/** The answer that the tests ask for. */
export const Answer = Schema.Struct({ name: Schema.String, age: Schema.Int.check(Schema.isGreaterThan(0)) })

export const right = '{"name":"Ann","age":41}'
export const wrong = '{"name":"Ann","age":"old"}'

/** A model that says a text, and one that answers by the tool. */
export const says = (json: string) => turn(text(0, json), [finish()])
export const answers = (json: string, name = "final_answer") => turn(call(0, name, json), [finish("tool-calls")])

/** A fallback model. */
export const other = { provider: "scripted", model: "other" }

/** Which providers take a schema: all, none, or that of the first model but not that of `other`. */
export type Form = "native" | "tool" | "mixed"

/** A coordinator over scripted parts, whose model takes a schema in one of the two ways. */
export const outputWorld = (
  turns: ReadonlyArray<ScriptedModel.Turn>,
  form: Form,
  tools: { readonly [name: string]: ScriptedTools.Behaviour } = { echo: ScriptedTools.echo },
  sessions: Layer.Layer<SessionManager> = SessionManager.layerMemory
) =>
  SessionCoordinator.layer.pipe(
    Layer.provideMerge(witness),
    Layer.provideMerge([
      ScriptedModel.layer(turns, {}, ({ model, output }) => {
        if (output === undefined || form === "tool") return false
        return form === "native" || model.model !== other.model
      }),
      ScriptedTools.layer(tools),
      sessions,
      PromptManager.layerMemory({ instructions: "Be brief." })
    ])
  )

export const ask = <S extends Decoder = typeof Answer>(output: S | StructuredOutput, request = "Who?") =>
  Effect.flatMap(SessionCoordinator, (coordinator) => coordinator.handleMessage({ sessionId, request, output }))
