// Compares what Parley ignores with `git check-ignore`, for every file and directory.
// usage: node scripts/ignore/main.ts [--generated 5000] [--seed 1] [--write] [REPOSITORY...]
//   REPOSITORY     a clone; by default this repository. Nothing is changed in it. Files with names that its patterns are about
//                  are made in a temporary repository with the same ignore files.
//   --generated N  also N files with generated names below generated ignore files, and the crafted traps
//   --write        writes the table to docs/evidence/ignore.md
// Exit code 1 if a decision differs.
import { realpathSync, writeFileSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { compare, type Decided } from "./decide.ts"
import { excludesOf, generate } from "./generate.ts"
import { craft, git, imitate, withPlace } from "./places.ts"

const { positionals, values } = parseArgs({
  options: {
    generated: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false }
  },
  allowPositionals: true
})
const [total, seed] = [Number(values.generated), Number(values.seed)]
const project = resolve(import.meta.dirname, "../..")

const rows: Array<readonly [name: string, decided: Decided]> = []
const report = (name: string, decided: Decided): void => {
  rows.push([name, decided])
  console.log(`${name}: ${decided.decisions} decisions, ${decided.ignored} ignored, ${decided.wrong.length} wrong`)
  for (const { git, parley, path } of decided.wrong.slice(0, 20))
    console.log(`  ${JSON.stringify(path)}: git ${JSON.stringify(git)}, Parley ${JSON.stringify(parley)}`)
}

for (const given of positionals.length === 0 ? [project] : positionals) {
  const root = realpathSync(resolve(given))
  const name = `${basename(root)} ${git(root, ["rev-parse", "--short", "HEAD"]).trim()}`
  report(name, await compare(root))
  report(
    `${name}, names from its patterns`,
    await withPlace("", async (place) => {
      imitate(root, place.root)
      return compare(place.root, place.env)
    })
  )
}

report(
  "crafted traps",
  await withPlace("user-excluded\n", async (place) => {
    craft(place.root)
    return compare(place.root, place.env)
  })
)

/** Generated repositories of a hundred files each. */
const generated: Array<Decided> = []
for (let made = 0; made < total; made += 100) {
  const which = seed + generated.length
  const one = await withPlace(excludesOf(which), async (place) => {
    generate(place.root, Math.min(100, total - made), which)
    return compare(place.root, place.env)
  })
  generated.push(one)
}
if (total > 0)
  report(`${total} generated files, seeds ${seed} to ${seed + generated.length - 1}`, {
    decisions: generated.reduce((sum, one) => sum + one.decisions, 0),
    ignored: generated.reduce((sum, one) => sum + one.ignored, 0),
    wrong: generated.flatMap((one) => one.wrong)
  })

const wrong = rows.reduce((count, [, decided]) => count + decided.wrong.length, 0)
const decisions = rows.reduce((count, [, decided]) => count + decided.decisions, 0)
console.log(`${decisions} decisions, ${wrong} wrong`)
if (values.write) {
  const table = rows.map(([name, one]) => `| ${name} | ${one.decisions} | ${one.ignored} | ${one.wrong.length} |`)
  writeFileSync(
    join(project, "docs/evidence/ignore.md"),
    `# Ignore rules beside git\n\n\`node scripts/ignore/main.ts\` compares each decision of Parley with that of \`git check-ignore\`. ${git(project, ["--version"]).trim()}; generated with seed ${seed}.\n\n| what | decisions | ignored by git | wrong |\n| --- | ---: | ---: | ---: |\n${table.join("\n")}\n| all | ${decisions} | | ${wrong} |\n`
  )
}
process.exitCode = wrong === 0 ? 0 : 1
