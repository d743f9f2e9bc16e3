import { apply, type Change, type Disk } from "./disk.ts"

/** The files by name, as they are on the disk after a power loss. */
export type Image = ReadonlyMap<string, Buffer>

/** Bytes of a sector. The disk writes a sector completely or not at all. */
const sector = 512

type Write = Extract<Change, { readonly _tag: "Write" }>

const sectorsOf = ({ at, bytes, ...write }: Write): ReadonlyArray<Change> => {
  const pieces: Array<Change> = []
  for (let from = 0; from < bytes.length;) {
    const to = Math.min(bytes.length, from + sector - ((at + from) % sector))
    pieces.push({ ...write, at: at + from, bytes: bytes.subarray(from, to) })
    from = to
  }
  return pieces
}

const torn = (changes: ReadonlyArray<Change>): ReadonlyArray<Change> =>
  changes.flatMap((change) => (change._tag === "Write" ? sectorsOf(change) : [change]))

/** Computes the content of a file whose `changes` were not synced. `random` returns numbers from 0 to below 1. */
type Loss = (synced: Buffer, changes: ReadonlyArray<Change>, random: () => number) => Buffer

const filled = (piece: Write, fill: (i: number) => number): Write => ({
  ...piece,
  bytes: Buffer.from(piece.bytes.map((_, i) => fill(i)))
})

/** The written data is replaced by other bytes. The size of the file may or may not have changed. */
const replaced =
  (fill: (i: number, random: () => number) => number): Loss =>
  (synced, changes, random) =>
    apply(
      synced,
      torn(changes).map((change) => (change._tag === "Write" ? filled(change, (i) => fill(i, random)) : change))
    )

export const losses = {
  "nothing of it is there": (synced) => synced,
  "zeros are there, and the file has grown": replaced(() => 0),
  "something else is there, and the file has grown": replaced((_, random) => Math.floor(random() * 256)),
  "the first writes are there, the last of them torn": (synced, changes, random) => {
    const pieces = torn(changes)
    return apply(synced, pieces.slice(0, Math.floor(random() * (pieces.length + 1))))
  },
  "any writes are there": (synced, changes, random) =>
    apply(
      synced,
      changes.filter(() => random() < 0.5)
    ),
  "any sectors are there": (synced, changes, random) =>
    apply(
      synced,
      torn(changes).filter(() => random() < 0.5)
    ),
  "any sectors are there, or something else": (synced, changes, random) =>
    apply(
      synced,
      torn(changes).flatMap((change) => {
        const lot = random()
        if (lot < 0.4) return [change]
        return lot < 0.7 || change._tag === "Resize" ? [] : [filled(change, () => Math.floor(random() * 256))]
      })
    ),
  "all of it is there, up to any size": (synced, changes, random) => {
    const all = apply(synced, changes)
    const least = Math.min(synced.length, all.length)
    return all.subarray(0, least + Math.floor(random() * (all.length - least + 1)))
  }
} satisfies { readonly [name: string]: Loss }
export type LossName = keyof typeof losses

/** A possible state of the disk. The names are the guaranteed ones (`oldest`), or chosen randomly from the possible ones. */
export const imageOf = (disk: Disk, loss: LossName, random: () => number, oldest = false): Image => {
  const { directories } = disk
  const names = directories[oldest ? 0 : Math.floor(random() * directories.length)] ?? new Map<string, number>()
  return new Map([...names].map(([name, file]) => [name, losses[loss](disk.content(file), disk.changes(file), random)]))
}
