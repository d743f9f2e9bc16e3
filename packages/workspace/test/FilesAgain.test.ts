import { FilesManager } from "@parley/domain/FilesManager"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Tracer from "effect/Tracer"
import * as fs from "node:fs"
import * as Files from "../src/files/Files.ts"
import { configure, put, reasons, temporary, texts } from "./support.ts"

/** Reads, and tells how many files were opened for it, by the span that also tells it to whoever watches. */
const counted = Effect.gen(function* () {
  const spans: Array<Tracer.Span> = []
  const manager = yield* FilesManager
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const set = yield* Effect.withTracer(manager.read, tracer)
  const span = spans.find(({ name }) => name === "Files.read")
  return { opened: span?.attributes.get("files.opened"), set }
})

/** The clock of a round later on: what a test has just written has not changed for a while. */
const later = (millis: number) =>
  Effect.updateService(Clock.Clock, (clock): Clock.Clock => {
    const shifted: Clock.Clock = Object.create(clock)
    return Object.assign(shifted, {
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + millis)
    })
  })

describe("files that were read before", () => {
  it.live("are not opened again until they change", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      for (let i = 0; i < 20; i++) put(root, `docs/${i}.md`, `${i}`)
      put(root, "docs/binary.md", "\0")
      put(root, ".gitignore", "*.log")
      configure(root, ["**/*.md"])
      const written = 1_700_000_000
      fs.utimesSync(`${root}/docs/7.md`, written, written)
      yield* Effect.gen(function* () {
        const first = yield* counted
        assert.strictEqual(first.opened, 22)
        assert.strictEqual(first.set.files.length, 20)
        const second = yield* counted
        assert.strictEqual(second.opened, 0)
        assert.deepStrictEqual(second.set, first.set)

        // The same size at the same time: the system's own note of the change is what tells.
        put(root, "docs/7.md", "x")
        fs.utimesSync(`${root}/docs/7.md`, written, written)
        put(root, "docs/new", "y")
        fs.renameSync(`${root}/docs/new`, `${root}/docs/8.md`)
        fs.rmSync(`${root}/docs/9.md`)
        const third = yield* counted
        assert.strictEqual(third.opened, 2)
        assert.strictEqual(texts(third.set)["docs/7.md"], "x")
        assert.strictEqual(texts(third.set)["docs/8.md"], "y")
        assert.strictEqual(third.set.files.length, 19)
        assert.deepStrictEqual(reasons(third.set), { "docs/binary.md": "is binary" })

        // What is no longer asked for is forgotten.
        configure(root, ["docs/1.md"])
        assert.strictEqual((yield* counted).opened, 0)
        configure(root, ["docs/1.md", "docs/2.md"])
        assert.strictEqual((yield* counted).opened, 1)
      }).pipe(Effect.provide(Files.layer({ root })), later(60_000))
    })
  )

  it.live("are opened again while they are so new that a change might not be visible", () =>
    Effect.gen(function* () {
      const root = yield* temporary
      put(root, "a.md", "a")
      configure(root, ["a.md"])
      yield* Effect.gen(function* () {
        assert.strictEqual((yield* counted).opened, 1)
        assert.strictEqual((yield* counted).opened, 1)
      }).pipe(Effect.provide(Files.layer({ root })))
    })
  )
})
