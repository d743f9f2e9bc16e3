import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { emptyRecord, type LoginRecord, serverKey } from "./LoginRecord.ts"

/** A stored login cannot be read or written. */
export class LoginStoreError extends Schema.TaggedError<LoginStoreError>()("LoginStoreError", {
  path: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.problem}`
  }
}

/** Access to a record that no other fiber or process changes meanwhile. */
export interface LoginEdit {
  readonly read: Effect.Effect<LoginRecord, LoginStoreError>
  readonly write: (record: LoginRecord) => Effect.Effect<void, LoginStoreError>
}

/** The login to one server. */
export interface Login {
  readonly read: Effect.Effect<LoginRecord, LoginStoreError>
  /** Runs `use` exclusively among all fibers and processes that use the same store. It may take half a minute. */
  readonly alone: <A, E, R>(
    use: (edit: LoginEdit) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | LoginStoreError, R>
  /** Deletes the login; returns whether there was one. */
  readonly remove: Effect.Effect<boolean, LoginStoreError>
}

/** Stores logins, one for each server address. */
export interface LoginStore {
  readonly login: (url: string) => Login
}

export const update = (
  login: Login,
  change: (record: LoginRecord) => LoginRecord
): Effect.Effect<void, LoginStoreError> =>
  login.alone(({ read, write }) => Effect.flatMap(read, (record) => write(change(record))))

/** Stores logins in memory, until the process ends. */
export const memory = (): LoginStore => {
  const logins = new Map<string, Login>()
  const make = (key: string): Login => {
    const semaphore = Semaphore.makeUnsafe(1)
    let record: LoginRecord | undefined
    const read = Effect.sync(() => record ?? emptyRecord(key))
    const write = (next: LoginRecord) => Effect.sync(() => void (record = next))
    const remove = Effect.sync(() => {
      const had = record !== undefined
      record = undefined
      return had
    })
    return { read, remove, alone: (use) => semaphore.withPermit(use({ read, write })) }
  }
  return {
    login: (url) => {
      const key = serverKey(url)
      const known = logins.get(key) ?? make(key)
      logins.set(key, known)
      return known
    }
  }
}
