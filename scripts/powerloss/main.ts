// Records what processes write, sync, rename and acknowledge. Then it simulates power losses at arbitrary moments, and
// checks that the store opens every possible state of the disk with all acknowledged events.
//   pnpm powerloss [--images 10000] [--seed 1] [--write]     --write puts the result into docs/evidence/powerloss.md
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { Disk } from "./disk.ts"
import { generator } from "../generator.ts"
import { provenance } from "../provenance.ts"
import { judge, lay } from "./judge.ts"
import { imageOf, losses, type LossName } from "./losses.ts"
import { record } from "./record.ts"
import { report } from "./report.ts"

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false }
  }
})

if (spawnSync("strace", ["-o", "/dev/null", "true"]).status !== 0) {
  console.error("pnpm powerloss needs strace, and the permission to trace: apt-get install -y strace")
  process.exit(2)
}

const isName = (name: string): name is LossName => Object.hasOwn(losses, name)
const names = Object.keys(losses).filter(isName)

/** How many images are made from one recording. */
const perRecording = 1000
const images = Number(values.images)
const random = generator(Number(values.seed))
const root = mkdtempSync(join(tmpdir(), "parley-powerloss-"))
const where = provenance()
const began = performance.now()
const found = new Map(names.map((name) => [name, { images: 0, wrong: 0 }]))
let recordings = 0
let moments = 0
try {
  for (let done = 0; done < images;) {
    const recording = record(join(root, "live"), Number(values.seed) + 100 * recordings++)
    const { ops } = recording
    const told = ops.flatMap((op, i) => (op._tag === "Told" ? [i + 1] : []))
    const share = Math.min(perRecording, images - done)
    // First, every acknowledgement with only the synced data on the disk.
    const sure = told.slice(0, share).map((at): readonly [number, LossName] => [at, "nothing of it is there"])
    const drawn = Array.from({ length: share - sure.length }, (_, n): readonly [number, LossName] => [
      Math.floor(random() * (ops.length + 1)),
      names[n % names.length] ?? "nothing of it is there"
    ])
    const disk = new Disk()
    let position = 0
    for (const [at, name] of [...sure, ...drawn].sort(([a], [b]) => a - b)) {
      if (at > position) moments++
      for (; position < at; position++) {
        const op = ops[position]
        if (op !== undefined) disk.do(op)
      }
      const directory = join(root, "image")
      lay(directory, imageOf(disk, name, random))
      const problems = await judge(recording, disk.told, directory)
      const row = found.get(name)
      if (row !== undefined) {
        row.images++
        if (problems.length > 0) row.wrong++
      }
      for (const problem of problems.slice(0, 3))
        console.error(`recording ${recordings}, after call ${at} of ${ops.length}, ${name}: ${problem}`)
      done++
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
const seconds = Math.round((performance.now() - began) / 1000)
const campaign = { images, seconds, seed: values.seed, recordings, moments, where, write: values.write }
process.exitCode = report(found, campaign) ? 1 : 0
