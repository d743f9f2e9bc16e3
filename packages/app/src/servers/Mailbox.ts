import { randomBytes } from "node:crypto"
import { readlinkSync } from "node:fs"
import * as fs from "node:fs/promises"
import { join } from "node:path"
import process from "node:process"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { exists } from "@parley/os/ProcessIdentity"

/**
 * Requests between processes of one user. Each process has a directory that only its owner can access. Other processes put
 * small request files there, and the process answers each with another file. The directory of a dead process is removed.
 * For a process of another PID namespace, such as in a container, that is a directory that was not touched for a minute.
 */

const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise(run)
const most = 1000
const pause = "300 millis"
const patience = "20 seconds"
/** A process touches its directory after this many polls. */
const looksPerTouch = 30
/** A process of another PID namespace counts as dead when its directory has not been touched for this long. */
const untouchedMillis = 60_000

/** The id of this process's PID namespace, or `0` on systems that have none. */
const numbering = ((): string => {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0"
  } catch {
    return "0"
  }
})()
/** `<pid>.<PID namespace>-<random>`. Earlier versions did not write the namespace. */
const form = /^(\d+)(?:\.(\d+))?-[0-9a-f]+$/

const read = (path: string) =>
  Effect.gen(function* () {
    const found = yield* attempt(() => fs.lstat(path))
    return found.isFile() && found.size <= most ? yield* attempt(() => fs.readFile(path, "utf8")) : undefined
  }).pipe(Effect.orElseSucceed(() => undefined))

/** Creates a file atomically, because the other process may read the directory at any time. */
const put = (directory: string, name: string, text: string) =>
  Effect.andThen(
    attempt(() => fs.writeFile(join(directory, `.${name}`), text, { mode: 0o600, flag: "wx" })),
    attempt(() => fs.rename(join(directory, `.${name}`), join(directory, name)))
  )

const list = (directory: string) => attempt(() => fs.readdir(directory)).pipe(Effect.orElseSucceed(() => []))

const remove = (path: string) => Effect.ignore(attempt(() => fs.rm(path, { recursive: true, force: true })))

/** Answers the requests to this process, one after the other, until the scope closes. */
export const receive = Effect.fnUntraced(function* (
  directory: string,
  answer: (question: string) => Effect.Effect<string>
) {
  const own = join(directory, `${process.pid}.${numbering}-${randomBytes(6).toString("hex")}`)
  yield* Effect.acquireRelease(Effect.ignore(attempt(() => fs.mkdir(own, { recursive: true, mode: 0o700 }))), () =>
    remove(own)
  )
  let looks = 0
  const look = Effect.gen(function* () {
    if (++looks % looksPerTouch === 0) {
      const now = (yield* Clock.currentTimeMillis) / 1000
      yield* Effect.ignore(attempt(() => fs.utimes(own, now, now)))
    }
    for (const name of yield* list(own)) {
      if (!/^[0-9a-f]+\.ask$/.test(name)) continue
      const question = yield* read(join(own, name))
      yield* remove(join(own, name))
      if (question === undefined) continue
      yield* Effect.ignore(put(own, name.replace(".ask", ".said"), yield* answer(question)))
    }
  })
  yield* Effect.andThen(look, Effect.sleep(pause)).pipe(Effect.forever, Effect.forkScoped)
})

const askOne = Effect.fnUntraced(function* (box: string, question: string) {
  const name = randomBytes(6).toString("hex")
  yield* put(box, `${name}.ask`, question)
  const reply = read(join(box, `${name}.said`))
  const answer = yield* Effect.repeat(Effect.delay(reply, "100 millis"), { while: (text) => text === undefined }).pipe(
    Effect.timeoutOption(patience),
    Effect.ensuring(Effect.andThen(remove(join(box, `${name}.ask`)), remove(join(box, `${name}.said`))))
  )
  return answer._tag === "Some" ? answer.value : undefined
})

/** Whether the process that owned a directory is dead. */
const isLeft = (box: string, pid: string, owner: string) =>
  owner === numbering
    ? Effect.sync(() => !exists(Number(pid)))
    : Effect.flatMap(Clock.currentTimeMillis, (now) =>
        attempt(() => fs.lstat(box)).pipe(
          Effect.map(({ mtimeMs }) => now - mtimeMs > untouchedMillis),
          Effect.orElseSucceed(() => true)
        )
      )

/** Sends a request to all running processes. Returns their answers; `undefined` for each that does not answer in time. */
export const ask = Effect.fnUntraced(function* (directory: string, question: string) {
  const boxes = (yield* list(directory)).flatMap((name) => {
    const [, pid, owner = numbering] = form.exec(name) ?? []
    return pid === undefined ? [] : [{ box: join(directory, name), pid, owner }]
  })
  const answers = yield* Effect.forEach(
    boxes,
    ({ box, owner, pid }) =>
      Effect.flatMap(isLeft(box, pid, owner), (left) =>
        left
          ? Effect.as(remove(box), [])
          : Effect.map(
              Effect.orElseSucceed(askOne(box, question), () => undefined),
              (answer) => [answer]
            )
      ),
    { concurrency: "unbounded" }
  )
  return answers.flat()
})
