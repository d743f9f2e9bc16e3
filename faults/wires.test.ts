import { stdout } from "node:process"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { serve } from "../packages/harness/src/provider/SseServer.ts"
import { type Answer, reply, stopOf, type Step, type Wire } from "../packages/harness/src/wires/Step.ts"
import { logLines, modelOf, wireEngine } from "../packages/harness/src/wires/WireEngine.ts"
import { wires } from "../packages/harness/src/wires/wires.ts"
import { type Script, scripts } from "./wires/scripts.ts"

/** The log of a session in which a fake server of this API follows the script. */
const logOf = (wire: Wire, { answers, messages = ["hello"], retries = 0 }: Script) =>
  Effect.gen(function* () {
    const server = yield* serve(
      ...answers.map((answer) => (typeof answer === "string" ? wire.refuse(answer) : reply(wire, answer)))
    )
    const provider = wire.make(server.url)
    const { coordinator, sessions } = yield* wireEngine([provider], { retries })
    const { id } = yield* sessions.create({})
    for (const request of messages)
      yield* Effect.ignore(coordinator.handleMessage({ sessionId: id, request, model: modelOf(provider) }))
    return logLines(yield* sessions.salvage(id))
  }).pipe(Effect.scoped, Effect.timeout("2 minutes"))

const stepLine = (step: Step): string => {
  switch (step._tag) {
    case "Think":
      return `(${step.text})`
    case "Say":
      return step.text
    case "Own":
      return ""
    case "Call":
      return `${step.id} ${step.name} ${step.input === "" ? "{}" : step.input}]`
  }
}

const turnOf = (answer: Answer): string => {
  const stop = stopOf(answer)
  if (stop === "refusal") return "failed Refused"
  return stop === "other" ? "failed UnknownStop" : `completed ${stop}`
}

/** What the log must say of each response that arrives completely. */
const responsesOf = ({ answers }: Script): ReadonlyArray<string> =>
  answers.flatMap((answer) =>
    typeof answer === "string" || answer.ends !== undefined || answer.problem !== undefined
      ? []
      : [`${turnOf(answer)}: ${answer.steps.map(stepLine).join("")}`]
  )

const passed = new Map(wires.map(({ name }) => [name, { passed: 0, total: 0 }]))

describe("the same script gives the same log with every provider", () => {
  afterAll(() =>
    stdout.write([...passed].map(([name, { passed, total }]) => `scripts, ${name}: ${passed}/${total}\n`).join(""))
  )
  it("there are at least 30 scripts with names of their own", () => {
    assert.isAtLeast(scripts.length, 30)
    assert.strictEqual(new Set(scripts.map(({ name }) => name)).size, scripts.length)
  })
  for (const script of scripts)
    describe(script.name, () => {
      let expected: ReadonlyArray<string> | undefined
      for (const wire of wires) {
        if (script.without?.[wire.name] !== undefined) continue
        it.live(wire.name, () =>
          Effect.gen(function* () {
            const count = passed.get(wire.name) ?? { passed: 0, total: 0 }
            count.total++
            const log = yield* logOf(wire, script)
            expected ??= log
            assert.deepStrictEqual(
              log.filter((line) => line.startsWith("round ")),
              script.ends
            )
            const own = log.map((line) => line.replaceAll(/\[r\d+t\d+c\d+ /g, ""))
            for (const response of responsesOf(script))
              assert.isTrue(
                own.some((line) => line.startsWith(response)),
                response.slice(0, 200)
              )
            assert.deepStrictEqual(log, expected)
            count.passed++
          })
        )
      }
    })
})
