/** Programs that download a package and run it, and the subcommands that do so. */
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

/** Options that name the package. The first plain word is then a program of that package. */
const naming = /^(?:-p|--package|--from|--spec)(?:=(.*))?$/s
/** Words that name a version tag such as `latest`, or a package for Deno without an exact version. */
const moving = /[@:]latest$|^(?:npm|jsr):(?!.*@v?\d+\.\d+\.\d+)/

/** The name of a program, from its path, without the extension. */
export const nameOf = (program: string): string =>
  (program.split(/[\\/]/).at(-1) ?? "").replace(/\.(?:cmd|exe|ps1|bat)$/i, "").toLowerCase()

const named = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.flatMap((word, i) => {
    const found = naming.exec(word)
    return found === null ? [] : [found[1] ?? words[i + 1] ?? ""]
  })

const fetchedBy = ([program = "", ...rest]: ReadonlyArray<string>): ReadonlyArray<string> => {
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

/** The packages without an exact version that a command downloads and runs, directly or through another program. */
export const unpinned = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const runner = words.findIndex((word) => runners.some(([name]) => nameOf(word) === name))
  const fetched = runner < 0 ? [] : fetchedBy(words.slice(runner))
  return [...new Set([...fetched, ...words.filter((word) => moving.test(word))])]
}
