import type { Op } from "./trace.ts"

/** A change of a file that has not been synced yet. */
export type Change = Extract<Op, { readonly _tag: "Write" | "Resize" }>
type Names = ReadonlyMap<string, number>

const endOf = (change: Change): number => (change._tag === "Write" ? change.at + change.bytes.length : change.size)

/** The content of a file after all these changes. */
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
      // Truncated bytes are zero if the file grows again.
      room.fill(0, change.size, Math.max(size, change.size))
      size = change.size
    }
  }
  return room.subarray(0, size)
}

/**
 * The guaranteed and the possible contents of a disk. A sync of a file makes its content and size durable, a sync of the
 * directory makes names durable. Until then, a change may or may not be on the disk. Changes of names are kept in order, as
 * in journaling file systems.
 */
export class Disk {
  private readonly synced = new Map<number, Buffer>()
  private readonly pending = new Map<number, Array<Change>>()
  private names: Names = new Map()
  /** The names and their files after each change that has not been synced. */
  private unsynced: Array<Names> = []
  /** How many lines of standard output the process has written. */
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

  /** The possible states of the directory, oldest first. The first one is guaranteed. */
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
