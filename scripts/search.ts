// Compares search_files with ripgrep and `git grep` on clones of repositories: the same lines, and the time as a ratio.
// usage: pnpm search [--strings 80] [--seed 42] [--write] DIRECTORY...
// With --write the rows replace those of the same repositories in docs/evidence/search.md. Exits with 1 if a line is missing or too much.
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, lstatSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { cpus, loadavg, release, type } from "node:os"
import { basename, join } from "node:path"
import process from "node:process"
import { parseArgs } from "node:util"
import { rgPath } from "@vscode/ripgrep"
import * as Effect from "effect/Effect"
import { standard } from "../packages/domain/src/SecretFiles.ts"
import { searchFiles, type SearchRequest } from "../packages/mcp/src/builtin/SearchFiles.ts"
import { make as makeBarriers } from "../packages/os/src/ReadBarrier.ts"
import * as IgnoredEntries from "../packages/workspace/src/files/IgnoredEntries.ts"

const { positionals, values } = parseArgs({
  options: {
    strings: { type: "string", default: "80" },
    seed: { type: "string", default: "42" },
    write: { type: "boolean", default: false }
  },
  allowPositionals: true
})

/** Expressions that JavaScript, ripgrep and POSIX (`git grep -E`) understand alike. */
const expressions = [
  String.raw`^#include "[a-z]+\.h"$`,
  "TODO|FIXME|XXX",
  "^(pub )?fn [a-z_]+",
  "function [A-Za-z]+[(]",
  "[0-9]{4}-[0-9]{2}-[0-9]{2}",
  "https?://[A-Za-z0-9./-]+",
  "[A-Z]{3,}_[A-Z]{3,}",
  "^import .* from",
  "return -?[0-9]+;",
  "colou?r",
  "^ *[}]$",
  "(error|warning): ",
  "[a-z]+[0-9]+[a-z]+",
  "assert[A-Za-z.]*[(]",
  '"[^"]*\\\\n"',
  "v[0-9]+[.][0-9]+[.][0-9]+",
  "^$",
  "[^ -~]",
  "^[*] .*[.]$",
  "zz+top|xyzzy"
]

/** Lines of tracked files give the strings: any, with characters beyond ASCII, with syntax of expressions, and long ones. */
const stringsOf = (root: string, tracked: ReadonlyArray<string>): ReadonlyArray<string> => {
  let seed = Number(values.seed)
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % below
  const found: Array<string> = []
  for (let tries = 0; found.length < Number(values.strings) && tries < 20_000; tries++) {
    const path = join(root, tracked[random(tracked.length)] ?? "")
    const status = lstatSync(path, { throwIfNoEntry: false })
    if (status?.isFile() !== true || status.size > 900_000 || status.size < 30) continue
    const text = readFileSync(path, "utf8")
    if (/[\0\uFFFD]/.test(text)) continue
    const lines = text.split(/\r?\n/).filter((line) => line.trim().length > 8)
    const wanted = [/./, /[^\0-\x7f]/, /[.*+?^${}()|[\]\\]/, /.{180}/, /./][found.length % 5] ?? /./
    const line = lines.find((one) => wanted.test(one)) ?? lines[random(Math.max(1, lines.length))]
    if (line === undefined) continue
    const start = Math.max(0, found.length % 5 === 1 ? line.search(wanted) - 3 : random(Math.max(1, line.length - 12)))
    const string = line.slice(start, start + 6 + random(14))
    if (string.trim() !== "" && string.isWellFormed()) found.push(string)
  }
  return found
}

const timed = <A>(run: () => A): readonly [A, number] => {
  const started = performance.now()
  return [run(), performance.now() - started]
}

const run = (file: string, args: ReadonlyArray<string>, cwd: string): Buffer =>
  spawnSync(file, args, { cwd, maxBuffer: 1 << 30 }).stdout

/** `path:line` of output with NUL after the path. Content is not compared: tools differ in what they show of a long line. */
const linesIn = (output: Buffer, second: "\0" | ":"): Set<string> =>
  new Set(
    output
      .toString("latin1")
      .split("\n")
      .flatMap((row) => {
        const [path, rest = ""] = row.split(/\0(.*)/s)
        const line = rest.slice(0, Math.max(0, rest.indexOf(second)))
        const name = Buffer.from(path ?? "", "latin1").toString()
        return /^\d+$/.test(line) ? [`${name.replace(/^\.\//, "")}:${line}`] : []
      })
      .filter((key) => standard(key.slice(0, key.lastIndexOf(":"))) === undefined)
  )

const barrier = makeBarriers()
const ask = (root: string, request: SearchRequest, ripgrep: boolean) =>
  Effect.runPromise(
    barrier.project(
      searchFiles({ root, ignore: IgnoredEntries.make({ root }), ripgrep: ripgrep ? undefined : "never" }, request)
    )
  )

const mostPages = 2

/** All lines, page by page as the note says; `all` is false where there are more pages than are read here. */
const pages = async (root: string, request: SearchRequest, ripgrep: boolean) => {
  const found = new Set<string>()
  let note = ""
  for (let offset = 1, n = 0; n < mostPages; n++) {
    const answer = await ask(root, { ...request, offset, limit: 1000 }, ripgrep)
    note = answer.note
    for (const row of answer.text.split("\n")) {
      const match = /^(.*?):(\d+):(?: |$)/.exec(row)
      if (match !== null) found.add(`${match[1]}:${match[2]}`)
    }
    const next = /Go on with offset (\d+)/.exec(note)?.[1]
    if (next === undefined) return { found, all: true, note }
    offset = Number(next)
  }
  return { found, all: false, note }
}

const median = (numbers: ReadonlyArray<number>): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

const evidence = join(import.meta.dirname, "../docs/evidence/search.md")
const nameOf = (row: string): string => row.split("|")[1]?.trim() ?? ""
/** The rows that an earlier run has written for other repositories. */
const earlier = (existsSync(evidence) ? readFileSync(evidence, "utf8").split("\n") : []).filter(
  (row) => /^\| \S+ \| \d/.test(row) && !positionals.map((path) => basename(path)).includes(nameOf(row))
)
const rows: Array<string> = []
const faults: Array<string> = []
for (const directory of positionals) {
  const root = realpathSync(directory)
  const tracked = execFileSync("git", ["-C", root, "ls-files", "-z"], { maxBuffer: 1 << 28 })
    .toString()
    .split("\0")
  const queries = [
    ...stringsOf(root, tracked).map((query): SearchRequest => ({ query })),
    ...expressions.map((query): SearchRequest => ({ query, regex: true }))
  ]
  const ratios = { with: [] as Array<number>, without: [] as Array<number> }
  const times = {
    rg: [] as Array<number>,
    git: [] as Array<number>,
    with: [] as Array<number>,
    without: [] as Array<number>
  }
  let [exact, inPart, binaryOnly] = [0, 0, 0]
  for (const request of queries) {
    const kind = request.regex === true ? [] : ["-F"]
    const [rgOut, rgMillis] = timed(() =>
      run(
        rgPath,
        ["--no-config", "-n", "--hidden", "-g", "!.git", "--no-heading", "--null", ...kind, "-e", request.query, "./"],
        root
      )
    )
    const [gitOut, gitMillis] = timed(() =>
      run("git", ["grep", "-nIz", request.regex === true ? "-E" : "-F", "-e", request.query], root)
    )
    const [started] = [performance.now()]
    await ask(root, request, true)
    const between = performance.now()
    await ask(root, request, false)
    const ended = performance.now()
    times.rg.push(rgMillis)
    times.git.push(gitMillis)
    times.with.push(between - started)
    times.without.push(ended - between)
    ratios.with.push((between - started) / rgMillis)
    ratios.without.push((ended - between) / rgMillis)
    const expected = linesIn(rgOut, ":")
    const byGit = linesIn(gitOut, "\0")
    const { all, found, note } = await pages(root, request, queries.indexOf(request) % 2 === 0)
    const extra = [...found].filter((line) => !expected.has(line) && !byGit.has(line))
    const missing = all ? [...expected].filter((line) => !found.has(line)) : []
    // ripgrep prints lines before the first NUL of a binary file; git and search_files leave such files out.
    const real = missing.filter((line) => byGit.has(line))
    binaryOnly += missing.length - real.length
    if (real.length + extra.length > 0)
      faults.push(
        `${basename(root)} ${JSON.stringify(request)}: ${real.length} missing (${real.slice(0, 3).join(", ")}), ${extra.length} too many (${extra.slice(0, 3).join(", ")}); ${note}`
      )
    else if (all) exact += 1
    else inPart += 1
  }
  const [w, wo] = [median(ratios.with), median(ratios.without)]
  const ms = (numbers: ReadonlyArray<number>) => median(numbers).toFixed(0)
  rows.push(
    `| ${basename(root)} | ${tracked.length - 1} | ${queries.length} | ${exact} | ${inPart} | ${faults.filter((fault) => fault.startsWith(`${basename(root)} `)).length} | ${binaryOnly} | ${ms(times.rg)} | ${ms(times.git)} | ${ms(times.with)} | ${w.toFixed(1)} | ${ms(times.without)} | ${wo.toFixed(1)} |`
  )
  console.log(rows.at(-1))
}

const text = `# Search beside ripgrep and git grep

\`pnpm search --strings ${values.strings} --seed ${values.seed}\` on clones of public repositories, ${new Intl.DateTimeFormat("sv").format()}, Node ${process.versions.node}, ${type()} ${release()}, ${cpus().length} cores, load average ${loadavg()[0]?.toFixed(1) ?? "unknown"}.

Each of the strings, taken from lines of tracked files, and of the ${expressions.length} expressions is searched by \`search_files\`, with the
program of ripgrep and without, by ripgrep with hidden files, and by \`git grep\`. The lines (path and number) must be the same, page
by page. "In part": there are more lines than ${mostPages} pages hold; none on those pages is wrong. Files that may hold secrets are left out on both sides.
"Binary": lines that ripgrep shows of a file before its first NUL byte, and git and \`search_files\` do not. Times are medians in
milliseconds of what one call of the tool takes, with its first page; ratios are medians of the ratio to ripgrep, query by query.

| repository | files | queries | same lines | in part | wrong | binary | rg | git grep | with ripgrep | ratio | without | ratio |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${[...(values.write ? earlier : []), ...rows].join("\n")}
${faults.length === 0 ? "" : `\n${faults.map((fault) => `- ${fault}`).join("\n")}\n`}`
console.log(text)
if (values.write) writeFileSync(evidence, text)
process.exitCode = faults.length === 0 ? 0 : 1
