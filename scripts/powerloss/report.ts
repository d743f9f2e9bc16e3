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
  /** Different moments at which the power was lost. */
  readonly moments: number
  readonly write: boolean
  /** Where and of what it was measured. */
  readonly where: string
}

/** Prints a table, and says whether anything in it is wrong. */
export const report = (found: ReadonlyMap<string, Row>, campaign: Campaign): boolean => {
  const total = [...found.values()].reduce((sum, row) => sum + row.wrong, 0)
  const table = [
    "| of what no sync had covered | images | wrong |",
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

Three processes use one database, one after the other, under \`strace\`: the first appends every kind of event that is a
promise, each in an append of its own, and is killed; the second only opens and closes the database, which moves the log into
it; the third appends more than a log holds before SQLite begins it again. Recorded are their writes, syncs, changes of size
and changes of names on the database, its log, its journal and its draft, and the moment at which each entry was acknowledged.

Then the power is lost after any of these calls. What \`fsync\` and \`fdatasync\` had covered by then is on the disk. Of the rest
there is what a row of the table says, in units of 512 bytes. The directory is as it was at its last sync, or as after any later
change. What is left is opened by the store. Wrong is: an event that was acknowledged and that the table of promises
(\`packages/domain/test/support/barriers.ts\`) names is gone; an event is another than was stored; one is missing among those
that are there; or the database is refused. Each acknowledgement is tried with nothing but what was synced by then.

${table}

Assumed are: a disk keeps what \`fsync\` said it keeps; what is written beside a byte does not harm it; names in a directory
change in the order in which they were changed; the directories above were there before.
`
    )
  return total > 0
}
