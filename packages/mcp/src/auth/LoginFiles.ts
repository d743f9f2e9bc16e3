import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { withLockFile } from "@parley/os/LockFile"
import { emptyRecord, LoginRecord, serverKey } from "./LoginRecord.ts"
import { type Login, type LoginStore, LoginStoreError } from "./LoginStore.ts"
import { sha256 } from "../text/Sha256.ts"
import { check, checkDirectory, type NotOurs, own } from "../disk/OwnDirectory.ts"

/** How long the lock may be held. A renewal takes one or two requests. */
const longestHold = "2 minutes"

const Stored = Schema.fromJsonString(LoginRecord)
const decode = Schema.decodeUnknownEffect(Stored)
const encode = Schema.encodeEffect(Stored)

const isMissing = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT"
const notOurs = ({ path, problem }: NotOurs) => new LoginStoreError({ path, problem })
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Replaces a file atomically: a reader of `path` gets either the complete old text or the complete new text. */
const replace = (path: string, text: string): void => {
  const temporary = `${path}.${randomBytes(8).toString("hex")}.tmp`
  try {
    const file = fs.openSync(temporary, "wx", 0o600)
    try {
      // The umask may have removed bits from the mode given to `open`.
      fs.fchmodSync(file, 0o600)
      fs.writeFileSync(file, text)
      fs.fsyncSync(file)
    } finally {
      fs.closeSync(file)
    }
    fs.renameSync(temporary, path)
  } finally {
    fs.rmSync(temporary, { force: true })
  }
}

const makeLogin = (directory: string, key: string): Login => {
  const path = join(directory, `${sha256(key).slice(0, 32)}.json`)
  const unusable = (error: unknown) => new LoginStoreError({ path, problem: messageOf(error) })
  const attempt = <A>(action: () => A) => Effect.try({ try: action, catch: unusable })
  const ready = Effect.mapError(own(directory), notOurs)
  // With a login that another user placed there, our requests would be sent to the server under that user's account.
  const believed = Effect.mapError(Effect.andThen(checkDirectory(directory), check(path)), notOurs)
  const text = Effect.andThen(
    believed,
    attempt(() => {
      try {
        return fs.readFileSync(path, "utf8")
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    })
  )
  const damaged = () =>
    new LoginStoreError({ path, problem: "this file is not as Parley wrote it; remove it and log in again" })
  const read = Effect.gen(function* () {
    const stored = yield* text
    if (stored === undefined) return emptyRecord(key)
    // The error does not describe the damage, because the file contains secrets.
    const record = yield* Effect.mapError(decode(stored), damaged)
    // A file that was copied from another server's login does not count.
    return record.server === key ? record : emptyRecord(key)
  })
  const write = (record: LoginRecord) =>
    Effect.flatMap(Effect.orDie(encode(record)), (stored) => attempt(() => replace(path, `${stored}\n`)))
  const locked = <A, E, R>(use: Effect.Effect<A, E, R>) =>
    Effect.andThen(ready, withLockFile(`${path}.lock`, { longestHold, unusable }, use))
  return {
    read,
    alone: (use) => locked(use({ read, write })),
    remove: Effect.flatMap(text, (stored) =>
      stored === undefined
        ? Effect.succeed(false)
        : Effect.as(locked(attempt(() => fs.rmSync(path, { force: true }))), true)
    )
  }
}

/** Stores logins in files of a directory that only its owner can enter and read. */
export const loginFiles = (directory: string): LoginStore => ({
  login: (url) => makeLogin(directory, serverKey(url))
})
