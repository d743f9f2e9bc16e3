/** Programs that fetch another one and run it, and the words that have them do so. */
const runners: ReadonlyArray<readonly [program: string, verbs: ReadonlyArray<string>, kind: "npm" | "pypi"]> = [
  ["npx", [], "npm"],
  ["bunx", [], "npm"],
  ["npm", ["exec", "x"], "npm"],
  ["bun", ["x"], "npm"],
  ["pnpm", ["dlx"], "npm"],
  ["pnpx", [], "npm"],
  ["yarn", ["dlx"], "npm"],
  ["uvx", [], "pypi"],
  ["uv", ["tool run"], "pypi"],
  ["pipx", ["run"], "pypi"]
]

const exact = {
  npm: /^(?:@[^@/]+\/)?[^@/]+@v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/,
  pypi: /^[^=@]+(?:==|@)v?\d+(?:\.\d+)*(?:[-+.\w]*)$/
}

/** Options that name the package, where the first plain word is a program of it. */
const naming = /^(?:-p|--package|--from|--spec)(?:=(.*))?$/s
const passing = new Set(["cmd", "env", "/c", "/C"])

const nameOf = (program: string): string =>
  (program.split(/[\\/]/).at(-1) ?? "").replace(/\.(?:cmd|exe|ps1)$/i, "").toLowerCase()

const named = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.flatMap((word, i) => {
    const found = naming.exec(word)
    return found === null ? [] : [found[1] ?? words[i + 1] ?? ""]
  })

/** The packages that a command fetches and runs, and that are not named with one exact version. */
export const unpinned = (argv: ReadonlyArray<string>): ReadonlyArray<string> => {
  const words = argv.slice(
    Math.max(
      0,
      argv.findIndex((word) => !passing.has(nameOf(word)) && !passing.has(word))
    )
  )
  const [program = "", ...rest] = words
  for (const [runner, verbs, kind] of runners) {
    if (nameOf(program) !== runner) continue
    const plain = rest.filter((word) => !word.startsWith("-"))
    const verb = verbs.find((verb) => plain.join(" ").startsWith(`${verb} `) || plain.join(" ") === verb)
    if (verbs.length > 0 && verb === undefined) continue
    const first = plain[verb === undefined ? 0 : verb.split(" ").length]
    const packages = named(rest)
    const all = packages.length > 0 ? packages : first === undefined ? [] : [first]
    return all.filter((name) => !/^\.{0,2}\//.test(name) && !exact[kind].test(name))
  }
  return []
}
