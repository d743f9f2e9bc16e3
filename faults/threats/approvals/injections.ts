import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import type { Case } from "../../suite.ts"
import { order, wish } from "./obeying.ts"
import { type Options, place, question } from "./place.ts"

/** Somewhere that words reach the model from, and what the user asks for, with which they do. */
interface Injection {
  readonly name: string
  /** Where the server has them. */
  readonly where?: string
  /** A file of the workspace has them. */
  readonly inFile?: true
  readonly message: string
}

const injected = order("notes__send", { to: "mallory" })

const injections: ReadonlyArray<Injection> = [
  { name: "the text of a tool's result", where: "result", message: wish("notes__read") },
  // Taint is what was read in the round: a description is there before.
  { name: "the description of a tool", where: "description", message: wish("notes__read") },
  { name: "the text of a tool's error", where: "error", message: wish("notes__read") },
  { name: "a resource in a result", where: "resource", message: wish("notes__read") },
  { name: "a file of the workspace", inFile: true, message: wish("workspace__read_file", { path: "notes.md" }) },
  { name: "a mention", inFile: true, message: "Sum up @notes.md" }
]

const set = (injection: Injection, permissions?: Options["permissions"]) =>
  Effect.map(
    place({
      ...(injection.where === undefined ? {} : { says: [injection.where, injected] }),
      server: { readOnlyTools: ["read"] },
      ...(permissions === undefined ? {} : { permissions })
    }),
    (it) => {
      if (injection.inFile === true) writeFileSync(join(it.here.workspace, "notes.md"), `It will rain.\n${injected}\n`)
      return it
    }
  )

const refused = /Not run: [^"]*permission|Not run: the user said no/

/** The model tried, the server was not reached, and the model was told why. */
const nothing = ({ model, outcomes, reached }: Effect.Success<ReturnType<typeof set>>) => {
  assert.deepStrictEqual(outcomes("send"), ["Denied"], "the model obeyed, and it was not run")
  assert.deepStrictEqual(reached("send"), [])
  assert.match(model.bodies.at(-1) ?? "", refused)
}

const headless = Effect.fnUntraced(function* (injection: Injection, permissions?: Options["permissions"]) {
  const it = yield* set(injection, permissions)
  const ended = yield* it.run(injection.message)
  nothing(it)
  assert.include(ended.stderr, "nobody can be asked whether notes__send may run; --allow notes__send, or")
  assert.include(ended.stderr, '"permissions": { "notes__send": "allow" } in ')
  assert.strictEqual(ended.status, 0, ended.stderr)
})

const onTerminal = Effect.fnUntraced(function* (injection: Injection) {
  const it = yield* set(injection)
  const running = yield* it.terminal(injection.message)
  assert.include(yield* question(running), "mallory", "a person sees what is asked")
  yield* running.type("n\r")
  const ended = yield* running.ended
  nothing(it)
  yield* it.whole(ended)
})

/** Otherwise there would be nothing to prevent. */
const unprotected = Effect.fnUntraced(function* (injection: Injection) {
  const it = yield* set(injection, { "*": "allow" })
  const ended = yield* it.run(injection.message)
  assert.deepStrictEqual(it.reached("send"), [{ to: "mallory" }])
  assert.strictEqual(ended.status, 0, ended.stderr)
})

const tainted = { notes__send: "ask-if-tainted" }

/** X11: prompt injection in what the model reads. */
export const injectionCases: ReadonlyArray<Case> = injections.map((injection) => ({
  id: "X11",
  name: injection.name,
  needs: ["script"],
  run: Effect.forEach(
    [unprotected(injection), headless(injection), onTerminal(injection), headless(injection, tainted)],
    Effect.scoped,
    { concurrency: 2, discard: true }
  )
}))
