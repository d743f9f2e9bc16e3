import { LogEntry } from "@parley/domain/SessionEvent"
import { SessionInfo } from "@parley/domain/SessionInfo"
import { Recovered } from "@parley/session/Recovery"
import { assert, describe, it } from "@effect/vitest"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Duration, Effect, Schema } from "effect"
import { type Place, place } from "./support/Cli.ts"
import { ending, keyed, provider, streaming } from "./support/Provider.ts"
import { promptly } from "@parley/harness/promptly"

const decodeInfos = Schema.decodeEffect(Schema.fromJsonString(Schema.Array(SessionInfo)))
const decodeEntries = Schema.decodeEffect(Schema.Array(Schema.fromJsonString(LogEntry)))
const decodeRecovered = Schema.decodeEffect(Schema.fromJsonString(Schema.Array(Recovered)))

type Spawned = ReturnType<Place["spawn"]>

/** Resumes when the process has written this. */
const shows = ({ child }: Spawned, words: string) =>
  Effect.callback<string>((resume) => {
    let seen = ""
    child.stdout?.on("data", (data: string) => {
      seen += data
      if (seen.includes(words)) resume(Effect.succeed(seen))
    })
  }).pipe(Effect.timeout("2 minutes"), Effect.orDie)

/** A process that hangs in a provider's stream, with its session; it does not survive the test. */
const hangingIn = Effect.fnUntraced(function* (here: Place) {
  const model = yield* provider(200, streaming, true)
  const first = yield* Effect.acquireRelease(
    Effect.sync(() => here.spawn(["run", "hi"], { env: keyed(model.url) })),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )
  yield* shows(first, "Thinking about it")
  const [info] = yield* decodeInfos((yield* here.run(["sessions", "list", "-f", "json"])).stdout)
  if (info === undefined) return yield* Effect.die("there is no session")
  const database = yield* Effect.acquireRelease(
    Effect.sync(() => new DatabaseSync(join(here.home, ".local/share/parley/parley.db"))),
    (db) => Effect.sync(() => db.close())
  )
  const stored = () => database.prepare("SELECT seq, at, body FROM events ORDER BY seq").all()
  return { database, first, id: info.id, stored }
})

const kill = ({ child, ended }: Spawned) =>
  Effect.andThen(
    Effect.sync(() => child.kill("SIGKILL")),
    ended
  )

describe("two processes on one session", () => {
  it.live("the second is rejected at once with the holder, and can proceed once the first was killed", () =>
    Effect.gen(function* () {
      const here = yield* place
      const { first, id, stored } = yield* hangingIn(here)
      const answering = yield* provider(200, streaming + ending)
      const send = here.run(["run", "--session", id, "and me?"], { env: keyed(answering.url) })

      const before = stored()
      const [elapsed, refused] = yield* Effect.timed(send)
      assert.strictEqual(refused.code, 5, refused.stderr)
      const line = refused.stderr.trim().split("\n")
      assert.lengthOf(line, 1)
      assert.include(line[0], `in use by process ${first.child.pid} on this machine since`)
      assert.include(line[0], `parley sessions show ${id} --follow`)
      assert.strictEqual(refused.stdout, "")
      assert.deepStrictEqual(stored(), before)
      // A whole start of the command is in it; nobody waited for a lease or a lock.
      promptly(Duration.toMillis(elapsed), 5000)

      yield* kill(first)
      const taken = yield* send
      assert.strictEqual(taken.code, 0, taken.stderr)
      assert.include(taken.stdout, "Thinking about it")
      const text = (yield* here.run(["sessions", "show", id])).stdout
      assert.match(text, /r1 .*failed: The process that ran this round ended[^]*interrupted[^]*r2 .*completed/)
    })
  )

  it.live("a process that lost its lease writes nothing more", () =>
    Effect.gen(function* () {
      const here = yield* place
      const { database, first, stored } = yield* hangingIn(here)
      const before = stored()
      database.exec("UPDATE sessions SET epoch = epoch + 1")
      // It wants to close its round now.
      first.child.kill("SIGINT")
      const { stderr, stdout } = yield* first.ended
      assert.notMatch(stdout + stderr, /internal error/)
      assert.deepStrictEqual(stored(), before)
    })
  )

  it.live("recover skips the round of a live process, closes that of a dead one, and then has nothing to do", () =>
    Effect.gen(function* () {
      const here = yield* place
      const { first, id, stored } = yield* hangingIn(here)
      const recover = Effect.flatMap(here.run(["recover", "-f", "json"]), ({ stdout }) => decodeRecovered(stdout))
      const before = stored()
      const [inUse, ...more] = yield* recover
      assert.deepStrictEqual(more, [])
      assert.strictEqual(inUse?._tag === "InUse" ? inUse.holder?.pid : inUse, first.child.pid)
      const alone = (yield* here.run(["recover"])).stdout
      assert.match(alone, new RegExp(`^${id} {2}skipped: in use by process ${first.child.pid} `))
      assert.deepStrictEqual(stored(), before)
      yield* kill(first)
      const text = yield* here.run(["recover"])
      assert.strictEqual(
        text.stdout,
        `${id}  closed r1, which its process had left open when it ended; to resume: parley run -s ${id} continue\n`
      )
      const after = stored()
      assert.deepStrictEqual(yield* recover, [])
      assert.include((yield* here.run(["recover"])).stderr, "Nothing to recover")
      assert.deepStrictEqual(stored(), after)
    })
  )

  for (const format of ["text", "json"] as const)
    it.live(
      `show --follow shows as ${format} what the first process streams and what follows, and ends with Ctrl-C`,
      () =>
        Effect.gen(function* () {
          const here = yield* place
          const { first, id, stored } = yield* hangingIn(here)
          const spectator = here.spawn(["sessions", "show", id, "--follow", "-f", format])
          const seen = yield* shows(spectator, "Thinking about it")
          assert.include(seen, "hi")
          const before = stored()
          yield* kill(first)
          const answering = yield* provider(200, (streaming + ending).replace("Thinking about it", "The answer"))
          yield* Effect.all(
            [
              shows(spectator, "The answer"),
              here.run(["run", "--session", id, "and now?"], { env: keyed(answering.url) })
            ],
            { concurrency: 2 }
          )
          yield* Effect.forkScoped(
            Effect.sleep("300 millis").pipe(Effect.andThen(Effect.sync(() => spectator.child.kill("SIGINT"))))
          )
          const { code, stdout } = yield* spectator.ended
          assert.strictEqual(code, 130)
          assert.isAbove(stored().length, before.length)
          if (format === "text") return assert.match(stdout, /> hi\n[^]*> and now\?\n[^]*The answer/)
          const seqs = (yield* decodeEntries(stdout.trim().split("\n"))).map(({ seq }) => seq)
          assert.deepStrictEqual(
            seqs,
            [...new Set(seqs)].sort((a, b) => a - b)
          )
        })
    )
})
