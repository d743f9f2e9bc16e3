import type { ModelRequest } from "@parley/domain/ModelsManager"
import { type LogEntry } from "@parley/domain/SessionEvent"
import { SessionManager } from "@parley/domain/SessionManager"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Layer, Result } from "effect"
import { TestClock } from "effect/testing"
import { env } from "node:process"
import { SessionCoordinator } from "../src/round/SessionCoordinator.ts"
import type { Expected } from "./support/SlotOracle.ts"
import { arbitrary, type Change, type Program } from "./support/SlotPrograms.ts"
import { SlotWorld } from "./support/SlotWorld.ts"
import { sessionId } from "./World.ts"

/** A bug that only a rare program meets is looked for longer: `pnpm mutants` says how much. */
const patience = Number(env["PARLEY_RUNS"] ?? 1)
const runs = patience > 1 ? 2500 * patience : 500

const coordinator = Effect.map(Layer.build(Layer.fresh(SessionCoordinator.layer)), (built) =>
  Context.get(built, SessionCoordinator)
)

/** What a request says of a slot, in its order: values with their fences, and that it is gone. */
const saidOf = (request: ModelRequest, id: string): ReadonlyArray<string> =>
  request.messages
    .flatMap(({ content }) => content.flatMap((block) => (block._tag === "Text" ? [block.text] : [])))
    .filter((text) => text.startsWith(`The context "${id}"`) || text.startsWith("<context-"))
    .filter((text) => text.includes(`context "${id}"`) || text.includes(` name="${id}" `))

const checkText = (said: string, text: string, short: boolean) => {
  const body = said.split("\n").slice(1, -1).join("\n")
  if (!short || Buffer.byteLength(text) <= 12) return assert.strictEqual(body, text)
  const [, head = "", tail = ""] = /^(.*)\n\[… .* are left out here …\]\n(.*)$/s.exec(body) ?? []
  assert.isTrue(text.startsWith(head) && text.endsWith(tail), body)
  assert.isAtMost(Buffer.byteLength(head + tail), 12)
  assert.isAtLeast(Buffer.byteLength(head + tail), 6)
  assert.isTrue(body.isWellFormed())
}

const check = (said: string | undefined, expected: Expected | undefined, short: boolean) => {
  if (expected?._tag === "Text") return checkText(said ?? "", expected.text, short)
  if (expected?._tag === "Failure") return assert.match(said ?? "", /^<context-[^>]* error="true">/)
  if (said !== undefined) assert.include(said, "is no longer there")
}

const apply = (world: SlotWorld, change: Change): Effect.Effect<unknown> => {
  const { oracle } = world
  switch (change._tag) {
    case "Value":
      oracle.values.set(change.id, change.value)
      break
    case "Edit":
      if (change.declared === null) oracle.declared.delete(change.id)
      else oracle.declared.set(change.id, change.declared)
      break
    case "Files":
      oracle.files = change.version
      break
    case "Prompt":
      world.prompt = change.version
      break
    case "Time":
      oracle.now = Math.max(0, oracle.now + change.seconds * 1000)
      return TestClock.setTime(oracle.now)
  }
  return Effect.void
}

/** Each slot that is declared is accounted for, with the reason. */
const checkManifest = (entries: ReadonlyArray<LogEntry>, ids: Iterable<string>) => {
  const built = entries.flatMap(({ event }) => (event._tag === "ContextBuilt" ? [event] : [])).at(-1)
  for (const id of ids) {
    const segments = built?.manifest.filter(({ source }) => source === `dynamic:${id}`) ?? []
    assert.isNotEmpty(segments, `${id} is not in the manifest`)
    for (const { why } of segments) assert.isAbove(why?.length ?? 0, 0)
  }
}

const play = Effect.fnUntraced(function* (program: Program, world: SlotWorld) {
  const sessions = yield* SessionManager
  yield* sessions.create({ id: sessionId })
  let engine = yield* coordinator
  for (const [i, { changes, model, refresh }] of program.steps.entries()) {
    for (const change of changes) {
      if (change._tag === "Restart") engine = yield* coordinator
      yield* apply(world, change)
    }
    const { oracle, requests } = world
    const before = requests.length
    const { asked, expected, fails } = oracle.round(refresh)
    world.asked = []
    world.model = model
    const options = { sessionId, request: `message ${i}`, refresh: refresh === "nothing" ? [] : [refresh] }
    const round = yield* Effect.result(engine.handleMessage(options))
    assert.deepStrictEqual(world.asked, asked, `asked in round ${i + 1}`)
    assert.strictEqual(Result.isSuccess(round), !fails && model === "answers")
    assert.strictEqual(requests.length - before, fails ? 0 : 1)
    const request = requests.at(-1)
    if (fails || request === undefined) continue
    checkManifest(yield* sessions.read(sessionId, 0), oracle.declared.keys())
    for (const id of ["a", "b", "c"] as const) {
      const said = saidOf(request, id)
      check(said.at(-1), expected.get(id), oracle.declared.get(id)?.short === true)
      for (const [n, text] of said.entries()) assert.notStrictEqual(text, said[n - 1], `${id} is sent twice`)
    }
  }
})

it.effect.prop(
  "slots are called according to their policies, the last value sent is current, and no value is sent twice in a row",
  [arbitrary],
  ([program]) => {
    const world = new SlotWorld(program)
    return Effect.scoped(play(program, world)).pipe(Effect.provide(world.layer, { local: true }))
  },
  { arbitrary: { runs } }
)
