import { writeFileSync } from "node:fs"
import { join } from "node:path"

interface Row {
  readonly images: number
  readonly wrong: number
}

interface Campaign {
  readonly images: number
  readonly seconds: number
  readonly seed: string
  readonly recordings: number
  /** How many different moments of power loss were simulated. */
  readonly moments: number
  readonly write: boolean
  /** The machine and the commit. */
  readonly where: string
}

/** Prints a table, and returns whether all its rows are without problems. */
export const report = (found: ReadonlyMap<string, Row>, campaign: Campaign): boolean => {
  const total = [...found.values()].reduce((sum, row) => sum + row.wrong, 0)
  const table = [
    "| data that was not synced | images | wrong |",
    "| --- | ---: | ---: |",
    ...[...found].map(([name, row]) => `| ${name} | ${row.images} | ${row.wrong} |`)
  ].join("\n")
  const { images, moments, recordings, seconds, seed } = campaign
  console.log(table)
  console.log(
    `${images} images at ${moments} moments of ${recordings} recordings, ${total} wrong, ${seconds} s, seed ${seed}`
  )
  if (campaign.write)
    writeFileSync(
      join(import.meta.dirname, "../../docs/evidence/powerloss.md"),
      `# Loss of power

\`pnpm powerloss --images ${images} --seed ${seed}\`, ${campaign.where}, ${seconds} s, ${recordings} recordings, ${moments} moments.

Three processes use one database, one after the other, under \`strace\`. The first appends every kind of barrier event, each
in a separate append, and is killed. The second only opens and closes the database, which checkpoints the WAL. The third
appends so much that SQLite restarts the WAL. Their writes, syncs, truncations and renames of the database, its WAL, its
journal and its draft are recorded, and the moment at which each entry was acknowledged.

Then a power loss after any of these calls is simulated. Data covered by an earlier \`fsync\` or \`fdatasync\` is on the disk. Of
the other data, the disk has what a row of the table states, in units of 512 bytes. The directory is in the state of its last
sync, or in that after any later change. The store then opens the result. It is wrong if an acknowledged barrier event
(\`packages/domain/test/support/barriers.ts\`) is missing, an event differs from the stored one, an event is missing before
others, or the database is refused. Each acknowledgement is also tried with only the data that was synced by then.

${table}

Assumptions: a disk keeps data after \`fsync\` has returned; a write does not damage neighbouring bytes; changes of names in a
directory are kept in order; the parent directories existed before.
`
    )
  return total > 0
}
