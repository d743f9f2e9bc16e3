import type { Op } from "./trace.ts"

/** A change of a file that no sync has covered yet. */
export type Change = Extract<Op, { readonly _tag: "Write" | "Resize" }>
type Names = ReadonlyMap<string, number>

const endOf = (change: Change): number => (change._tag === "Write" ? change.at + change.bytes.length : change.size)

/** A file as it would be with all of these changes. */
export const apply = (content: Buffer, changes: ReadonlyArray<Change>): Buffer => {
  if (changes.length === 0) return content
  const room = Buffer.alloc(changes.reduce((most, change) => Math.max(most, endOf(change)), content.length))
  content.copy(room)
  let size = content.length
  for (const change of changes) {
    if (change._tag === "Write") {
      change.bytes.copy(room, change.at)
      size = Math.max(size, endOf(change))
    } else {
      // What was cut off is zeros when the file grows again.
      room.fill(0, change.size, Math.max(size, change.size))
      size = change.size
    }
  }
  return room.subarray(0, size)
}

/**
 * What a disk must have kept, and what it may have: a sync of a file makes its content and size last, a sync of the
 * directory makes names last. Until then a change may be there or not. Names change in order, as journals do it.
 */
export class Disk {
  private readonly synced = new Map<number, Buffer>()
  private readonly pending = new Map<number, Array<Change>>()
  private names: Names = new Map()
  /** What the names stood for after each change that no sync has covered. */
  private unsynced: Array<Names> = []
  /** Lines of standard output that were told by now. */
  told = 0

  do(op: Op): void {
    switch (op._tag) {
      case "Write":
      case "Resize":
        this.pending.set(op.file, this.pending.get(op.file) ?? [])
        return void this.pending.get(op.file)?.push(op)
      case "Sync":
        this.synced.set(op.file, apply(this.content(op.file), this.changes(op.file)))
        return void this.pending.delete(op.file)
      case "Name": {
        const next = new Map(this.unsynced.at(-1) ?? this.names)
        for (const [name, file] of op.names)
          if (file === undefined) next.delete(name)
          else next.set(name, file)
        return void this.unsynced.push(next)
      }
      case "SyncNames":
        this.names = this.unsynced.at(-1) ?? this.names
        this.unsynced = []
        return
      case "Told":
        this.told = op.lines
    }
  }

  /** What names may stand for, oldest first: the first is what must last. */
  get directories(): ReadonlyArray<Names> {
    return [this.names, ...this.unsynced]
  }

  content(file: number): Buffer {
    return this.synced.get(file) ?? Buffer.alloc(0)
  }

  changes(file: number): ReadonlyArray<Change> {
    return this.pending.get(file) ?? []
  }
}
