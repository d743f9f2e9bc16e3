import { Buffer } from "node:buffer"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as SafeFile from "../disk/SafeFile.ts"
import * as FileContent from "../disk/FileContent.ts"
import { Unreadable } from "../disk/Unreadable.ts"

/** The text of a file, or the reason why its bytes are not text. */
type Content = Result.Result<string, string>

interface Entry {
  readonly identity: SafeFile.Identity
  readonly content: Content
}

/**
 * In milliseconds. Times of changes may be as coarse as this (on FAT), and the clock of a file server may differ by a part
 * of it. A file that changed this recently may change again without a visible difference, so it is read every time.
 */
const unsettledMillis = 2000n

/** How the bytes of a file become its content: as text, or each byte as one code unit, which never fails. */
type Form = "text" | "bytes"

const decoded = (bytes: Uint8Array, form: Form): Content =>
  form === "text" ? FileContent.decode(bytes) : Result.succeed(Buffer.from(bytes).toString("latin1"))

/** Caches the texts of a workspace's files and the user's own instructions, no more of them than one round requests. */
export class FileCache {
  private known = new Map<string, Entry>()
  private used = new Map<string, Entry>()
  /** How many files were opened since `begin`. */
  opened = 0

  /** Starts a new round: drops the texts that were not requested since the previous call. */
  readonly begin = (): void => {
    this.known = this.used
    this.used = new Map()
    this.opened = 0
  }

  /** The text of the file with this identity. A file that was read before and has not changed is not opened. */
  readonly load = Effect.fnUntraced(
    { self: this },
    function* (root: string, path: string, identity: SafeFile.Identity, limit: number, form: Form = "text") {
      const file = SafeFile.join(root, path)
      const key = `${form}:${file}`
      const before = this.used.get(key) ?? this.known.get(key)
      const entry =
        before !== undefined && SafeFile.sameContent(before.identity, identity)
          ? before
          : yield* this.open(root, file, limit, form)
      const now = BigInt(Math.trunc(yield* Clock.currentTimeMillis))
      const settled = entry.identity.ctimeNs / 1_000_000n < now - unsettledMillis
      if (settled) this.used.set(key, entry)
      const text = yield* Effect.fromResult(
        Result.mapError(entry.content, (problem) => new Unreadable({ code: "NOT_TEXT", problem }))
      )
      return { text, size: Number(entry.identity.size) }
    }
  )

  private readonly open = Effect.fnUntraced(
    { self: this },
    function* (root: string, file: string, limit: number, form: Form) {
      this.opened++
      const { bytes, identity } = yield* SafeFile.read(file, { limit, within: root })
      const entry: Entry = { identity, content: decoded(bytes, form) }
      return entry
    }
  )
}
