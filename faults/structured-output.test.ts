import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { serve } from "../packages/harness/src/provider/SseServer.ts"
import { type Answer, call, reply, say, think, type Wire } from "../packages/harness/src/wires/Step.ts"
import { modelOf, wireEngine } from "../packages/harness/src/wires/WireEngine.ts"
import { wires } from "../packages/harness/src/wires/wires.ts"
import { outputRules } from "./wires/outputRules.ts"
import { rules } from "./wires/rules.ts"
import { keys, list, text, type Value } from "./wires/shape.ts"

const Person = Schema.Struct({
  name: Schema.String.check(Schema.isMinLength(1)),
  tags: Schema.Array(Schema.Literals(["a", "b"])),
  next: Schema.NullOr(Schema.Struct({ age: Schema.Int }))
})
const ann = { name: "Ann", tags: ["a"], next: { age: 41 } }
const encode = Schema.encodeUnknownSync(Schema.fromJsonString(Schema.Unknown))
const right = encode(ann)
const wrong = encode({ ...ann, name: "" })
const mark = "c2lnbmVk"

const calling: Answer = { steps: [think("hm"), call("echo", '{"a":1}')], mark }
const fine: Answer = { steps: [say("Fine.")], mark }

/** The model's answer, as the form of the round has it. */
const giving = (form: "native" | "tool", json: string): Answer =>
  form === "native"
    ? { steps: [think("so"), say(json)], mark }
    : { steps: [think("so"), call("final_answer", json, `id_${json.length}`)], mark }

/** The names of the tools of a request, whatever the API. */
const toolNames = (wire: Wire, body: Value): ReadonlyArray<string> => {
  if (wire.name === "effect/ai") return list(body, "tools").map(String)
  if (wire.name === "Gemini")
    return list(body, "tools").flatMap((tool) => list(tool, "functionDeclarations").map((one) => text(one, "name")))
  return list(body, "tools").map((tool) =>
    wire.name === "OpenAI Chat" ? text(tool, "function", "name") : text(tool, "name")
  )
}

const server = (wire: Wire, id: string, ...answers: ReadonlyArray<Answer>) =>
  Effect.map(serve(...answers.map((answer) => reply(wire, answer))), ({ received, url }) => ({
    provider: wire.make(url, id),
    bodies: (): ReadonlyArray<Value> => received.map(({ body }) => JSON.parse(body)),
    broken: () => received.flatMap(({ body }) => rules[wire.name](JSON.parse(body), [mark]))
  }))

const echoAnd = (...more: ReadonlyArray<string>) => ["echo", "9lives", ...more].toSorted()

describe("an answer that follows a schema, with tools and thinking, corrected once", () => {
  for (const wire of wires)
    for (const form of ["native", "tool"] as const) {
      const rulesOf = outputRules[wire.name]
      if (form === "native" && rulesOf === undefined) continue
      it.live(`${wire.name}, ${form}: every request is accepted, also by all other APIs afterwards`, () =>
        Effect.gen(function* () {
          const first = yield* server(wire, "first", calling, giving(form, wrong), giving(form, right), fine)
          const others = yield* Effect.forEach(wires, (other, i) => server(other, `other${i}`, fine))
          const model = modelOf(first.provider)
          const engine = yield* wireEngine(
            [first.provider, ...others.map(({ provider }) => provider)],
            {},
            { [`${model.provider}/${model.model}`]: { structuredOutput: form } }
          )
          const { id: sessionId } = yield* engine.sessions.create({})
          const { handleMessage } = engine.coordinator
          const round = yield* handleMessage({ sessionId, request: "Who?", model, output: Person })
          assert.deepStrictEqual([round.value, round.turns.length, round.status], [ann, 3, "completed"])
          yield* handleMessage({ sessionId, request: "Thanks.", model })
          assert.deepStrictEqual(first.broken(), [])
          const bodies = first.bodies()
          assert.deepStrictEqual(
            bodies.map((body) =>
              [...toolNames(wire, body)].map((name) => name.replaceAll(/^_|_[0-9a-f]{8}$/g, "")).toSorted()
            ),
            form === "native"
              ? [echoAnd(), echoAnd(), echoAnd(), echoAnd()]
              : [...Array.from({ length: 3 }, () => echoAnd("final_answer")), echoAnd()]
          )
          const schemas = bodies.map((body) => rulesOf?.(body))
          for (const [i, found] of schemas.entries()) {
            const isAsked = form === "native" && i < 3
            assert.strictEqual(keys(found?.schema).length > 0, isAsked, `request ${i + 1}`)
            if (isAsked) assert.deepStrictEqual(found?.broken, [], encode(found?.schema))
          }
          // The model learns where the mistake is, in a way that the API accepts.
          assert.include(encode(bodies[2]), "/name: expected at least 1 characters")
          assert.notInclude(encode(bodies[1]), "/name: expected at least 1 characters")
          for (const [i, other] of others.entries()) {
            yield* handleMessage({ sessionId, request: "And you?", model: modelOf(other.provider) })
            assert.deepStrictEqual(other.broken(), [], wires[i]?.name)
          }
        }).pipe(Effect.scoped)
      )
    }
})
