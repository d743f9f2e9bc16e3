import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Disk from "./Disk.ts"
import * as Text from "./Text.ts"
import { Unreadable } from "./Unreadable.ts"

/** A text, or why the bytes are none. */
type Content = Result.Result<string, string>

interface Entry {
  readonly identity: Disk.Identity
  readonly content: Content
}

/**
 * What a system notes of a change may be as coarse as this (FAT), and the clock of a file server may be off by some of it.
 * A file that was changed this recently may change again without a sign, so it is read every time.
 */
const unsettledMillis = 2000n

/** What the files of one workspace, and its user's own, held when they were last read. It keeps no more than one round asks for. */
export class FileCache {
  private known = new Map<string, Entry>()
  private used = new Map<string, Entry>()
  /** Files that were opened since `begin`. */
  opened = 0

  /** Forgets what was not asked for since the last time. */
  readonly begin = (): void => {
    this.known = this.used
    this.used = new Map()
    this.opened = 0
  }

  /** The text of the file that has this identity. One that was read before, and has not changed, is not opened. */
  readonly load = Effect.fnUntraced(
    { self: this },
    function* (root: string, path: string, identity: Disk.Identity, limit: number) {
      const file = Disk.join(root, path)
      const before = this.used.get(file) ?? this.known.get(file)
      const entry =
        before !== undefined && Disk.sameContent(before.identity, identity)
          ? before
          : yield* this.open(root, file, limit)
      const now = BigInt(Math.trunc(yield* Clock.currentTimeMillis))
      const settled = entry.identity.ctimeNs / 1_000_000n < now - unsettledMillis
      if (settled) this.used.set(file, entry)
      const text = yield* Effect.fromResult(
        Result.mapError(entry.content, (problem) => new Unreadable({ code: "NOT_TEXT", problem }))
      )
      return { text, size: Number(entry.identity.size) }
    }
  )

  private readonly open = Effect.fnUntraced({ self: this }, function* (root: string, file: string, limit: number) {
    this.opened++
    const { bytes, identity } = yield* Disk.read(file, { limit, within: root })
    const entry: Entry = { identity, content: Text.decode(bytes) }
    return entry
  })
}
